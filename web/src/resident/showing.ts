/**
 * What the phone shows: the state and the live codes minted ahead.
 *
 * A phone that has codes asks only for its state, and mostly hears 304. It asks only while somebody looks at it, at the
 * pace the server hints, with jitter; when nobody answers it waits longer and longer, and goes on showing what it has
 * until the minutes minted ahead are used up. What was shown before is never improved by guessing.
 */

import type { CodesAnswer, LiveCode, StateAnswer } from "../edge";
import { Problem, ask, backoffMs } from "../http";
import { Store, keep, kept } from "../store";
import { holderProof } from "./holder";
import { passForget, passRenew } from "./pass";
import { session, sessionKeep } from "./session";

const MINUTES_AHEAD = 30;
const MINUTES_LOW = 8;
const HINT_DEFAULT_S = 30;
/** How often in a row an unknown state is asked for again soon. */
const UNKNOWN_SOON = 4;

export interface Showing {
  readonly answer: StateAnswer | null;
  readonly codes: readonly LiveCode[];
  readonly etag: string | null;
  /** The server's clock minus ours, ms. */
  readonly skewMs: number;
  /** When the server last spoke, by its clock, ms. */
  readonly heardAt: number;
  /** Why the last attempt failed, null when it did not. */
  readonly problem: Problem | null;
}

const EMPTY: Showing = { answer: null, codes: [], etag: null, skewMs: 0, heardAt: 0, problem: null };

export const showing = new Store<Showing>({ ...EMPTY, ...kept<Partial<Showing>>("hc.codes"), problem: null });

export function serverNow(): number {
  return Date.now() + showing.get().skewMs;
}

function take(part: Partial<Showing>): void {
  const next = { ...showing.get(), ...part };
  showing.set(next);
  keep("hc.codes", { ...next, problem: null });
}

/** What the server said. A busy one leaves the grounds out: then those of the same state stay. */
function heard(said: StateAnswer): Partial<Showing> {
  const before = showing.get().answer;
  const answer = said.grounds_later && before?.state === said.state ? { ...said, grounds: before.grounds } : said;
  return { answer, skewMs: answer.server_time_ms - Date.now(), heardAt: answer.server_time_ms, problem: null };
}

async function codesFetch(bearer: string): Promise<void> {
  const holder = await holderProof(bearer, serverNow());
  const wanted = { minutes: MINUTES_AHEAD, ...(holder ? { holder } : {}) };
  const { body } = await ask<CodesAnswer>("/v1/codes", { method: "POST", body: wanted, bearer });
  const { codes, session: renewed, ...answer } = body;
  take({ ...heard(answer), codes });
  const held = session.get();
  if (renewed && held) sessionKeep({ ...held, session: renewed, masked_name: body.masked_name || held.masked_name });
}

async function stateFetch(bearer: string): Promise<void> {
  const { etag } = showing.get();
  const answer = await ask<StateAnswer | null>("/v1/state", { bearer, ...(etag ? { headers: { "If-None-Match": etag } } : {}) });
  if (answer.body) take({ ...heard(answer.body), etag: answer.etag });
  else take({ heardAt: Date.now() + (answer.skewMs ?? showing.get().skewMs), problem: null });
}

export function codesLeft(now: number): number {
  const minute = Math.floor(now / 60_000);
  return showing.get().codes.filter((code) => code.minute >= minute).length;
}

/** The live code of this minute; null when the minutes minted ahead are used up. */
export function codeOf(codes: readonly LiveCode[], now: number): LiveCode | null {
  const minute = Math.floor(now / 60_000);
  return codes.find((code) => code.minute === minute) ?? null;
}

/** The state to show at `now`: the announced next one once its time has come, even without a word from the server. */
export function stateAt(answer: StateAnswer, now: number): string {
  if (answer.until_minute === null || now < answer.until_minute * 60_000) return answer.state;
  return answer.next_state ?? "unknown";
}

let timer = 0;
let failures = 0;
let unknowns = 0;
let running = false;

/** When to ask again: by the hint; sooner, a few times, while nobody knows, as in the seconds after an application. */
function pauseMs(): number {
  const { answer } = showing.get();
  unknowns = answer?.state === "unknown" ? unknowns + 1 : 0;
  if (unknowns > 0 && unknowns <= UNKNOWN_SOON) return backoffMs(unknowns);
  return (answer?.hint_s ?? HINT_DEFAULT_S) * 1000 * (0.8 + Math.random() * 0.4);
}

function plan(ms: number): void {
  clearTimeout(timer);
  if (document.visibilityState === "visible" && session.get()) timer = window.setTimeout(() => void renew(), ms);
}

/** Asks for codes when few are left, else for the state; plans the next time by the hint, or by backing off. */
export async function renew(force = false): Promise<void> {
  const bearer = session.get()?.session;
  if (!bearer || running) return;
  running = true;
  try {
    if (force || codesLeft(serverNow()) <= MINUTES_LOW || !showing.get().answer) await codesFetch(bearer);
    else await stateFetch(bearer);
    failures = 0;
    void passRenew(serverNow());
    plan(pauseMs());
  } catch (error) {
    if (!(error instanceof Problem)) throw error;
    failures += 1;
    take({ problem: error });
    if (error.passing) plan(backoffMs(failures, error));
  } finally {
    running = false;
  }
}

/** Starts and stops asking as the page is looked at; returns how to end it. */
export function renewalStart(): () => void {
  const onVisible = () => {
    if (document.visibilityState === "visible") void renew();
    else clearTimeout(timer);
  };
  document.addEventListener("visibilitychange", onVisible);
  window.addEventListener("online", onVisible);
  onVisible();
  return () => {
    clearTimeout(timer);
    document.removeEventListener("visibilitychange", onVisible);
    window.removeEventListener("online", onVisible);
  };
}

session.watch((held) => {
  failures = 0;
  if (held) return;
  showing.set(EMPTY);
  passForget();
});
