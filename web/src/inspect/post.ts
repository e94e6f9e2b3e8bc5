/** The inspector's post: the device's own session, where it stands, and what it has counted today. */

import type { CheckAnswer, Freshness } from "../edge";
import { Problem, ask } from "../http";
import { Store, keep, kept } from "../store";
import { type Enrolled, bundleFetch, bundleLoad, held } from "./bundle";
import { offlineCheck, readiness } from "./offline";
import { visitKeep, visitsUpload } from "./queue";
import { timeHeard, timeLoad, timeNow } from "./time";

export interface Post {
  readonly session: string;
  readonly label: string;
  readonly venue: Named;
  readonly checkpoint: Named;
  /** When the session ends, whole minutes since 1970. */
  readonly expires: number;
  readonly region?: number;
  /** The keys by which this device verifies offline bundles; missing until a session of this release. */
  readonly bundle_keys?: Readonly<Record<string, string>>;
}

export interface Named {
  readonly number: number;
  readonly name: string;
}

/** One's own appointment, as the list of them shows it. */
export interface Appointment {
  readonly id: number;
  readonly label: string;
  readonly venue: Named;
  readonly checkpoint: Named;
  readonly accepted: boolean;
}

export const post = new Store<Post | null>(kept<Post>("hc.inspector"));

function postKeep(value: Post | null): void {
  keep("hc.inspector", value);
  post.set(value);
}

/** Takes up the appointment behind an invitation, as the resident who is signed in on this phone. */
export async function inviteAccept(invite: string): Promise<void> {
  const { body } = await ask<Post>("/api/venues/inspectors/accept", { method: "POST", body: { invite } });
  postKeep(body);
}

/** The signed-in resident's appointments; empty where nobody is signed in. */
export async function appointmentsMine(): Promise<readonly Appointment[]> {
  try {
    return (await ask<readonly Appointment[]>("/api/venues/inspectors/mine")).body.filter((one) => one.accepted);
  } catch {
    return [];
  }
}

/** Goes on with an appointment on this phone; the phone that had it before stops working. */
export async function postResume(appointment: number): Promise<void> {
  const { body } = await ask<Post>(`/api/venues/inspectors/${appointment}/resume`, { method: "POST", body: {} });
  postKeep(body);
}

/** Exchanges the session for the next one; false where the appointment is over. */
export async function postRenew(): Promise<boolean> {
  const held = post.get();
  if (!held) return false;
  try {
    const { body } = await ask<Post>("/api/venues/inspectors/renew", { method: "POST", body: { session: held.session } });
    postKeep({ ...held, ...body });
    return true;
  } catch (error) {
    if (!(error instanceof Problem)) throw error;
    return error.passing;
  }
}

export function postLeave(): void {
  postKeep(null);
}

export interface Link {
  readonly level: Freshness["level"] | "offline";
  readonly age_s: number | null;
  /** When the edge last answered, ms by this device's clock. */
  readonly heardAt: number;
}

export const link = new Store<Link>({ level: "fresh", age_s: null, heardAt: 0 });

function heard(freshness: Freshness, serverMs?: number): void {
  if (serverMs) timeHeard(serverMs);
  const before = link.get().level;
  link.set({ level: freshness.level, age_s: freshness.age_s, heardAt: Date.now() });
  if (before === "offline") void visitsUpload(place());
}

function silent(problem: Problem): void {
  if (problem.passing) link.set({ ...link.get(), level: "offline" });
}

/** Asks once how fresh the edge's data are, so that the badge is true also while nobody is checked. */
export async function linkProbe(): Promise<void> {
  try {
    const { body } = await ask<{ freshness: Freshness; made_at_ms: number }>("/v1/colors", { timeoutMs: 4000 });
    heard(body.freshness, body.made_at_ms);
  } catch (error) {
    if (error instanceof Problem) silent(error);
  }
}

function enrolled(): Enrolled | null {
  const at = post.get();
  return at?.bundle_keys && at.region ? { session: at.session, region: at.region, venue: at.venue.number, keys: at.bundle_keys } : null;
}

const place = () => {
  const at = post.get();
  return at && { session: at.session, venue: at.venue.number, checkpoint: at.checkpoint.number };
};

/** Takes up what this device kept when it was last used: the time it had seen, and the bundle. */
export async function offlineLoad(): Promise<void> {
  void navigator.storage?.persist?.().catch(() => undefined); // what waits must not be cleared for room
  await timeLoad();
  const who = enrolled();
  if (who) await bundleLoad(who);
}

/** Fetches the bundle where it is older, and sends what waits. */
export async function offlineRenew(): Promise<void> {
  const who = enrolled();
  if (who && link.get().level !== "offline") await bundleFetch(who);
  await visitsUpload(place());
}

export interface Counted {
  readonly day: string;
  readonly checks: number;
}

const today = () => new Intl.DateTimeFormat("en-CA", { timeZone: "Asia/Shanghai" }).format(Date.now());

export const counted = new Store<Counted>(kept<Counted>("hc.counted") ?? { day: today(), checks: 0 });

function count(): void {
  const { day, checks } = counted.get();
  const next = { day: today(), checks: day === today() ? checks + 1 : 1 };
  counted.set(next);
  keep("hc.counted", next);
}

export type Thing = { readonly code: string } | { readonly paper: string } | { readonly document: { readonly kind: string; readonly number: string; readonly name: string } };

/** What is shown of one check: the edge's answer, or our own when nobody answered. `offlineMs`: the bundle's age then. */
export type Shown = Pick<CheckAnswer, "outcome" | "verdict" | "reason" | "masked_name" | "test_age_h" | "condition"> & {
  readonly notices: CheckAnswer["notices"];
  readonly visit: CheckAnswer["visit"] | "kept";
  readonly offlineMs?: number;
};

let lastKept = "";

/** Without an answer: what the bundle allows to say; a check of a code is kept for later, once a code. */
async function checkAlone(thing: Thing, outcome: "timeout" | "failed"): Promise<Shown> {
  const text = "code" in thing ? thing.code : "paper" in thing ? thing.paper : null;
  const at = post.get();
  const here = place();
  if (text === null || !at || !here || at.expires * 60_000 <= timeNow()) return unanswered(outcome);
  const { keep: worth, ...found } = await offlineCheck(text);
  const records = held.get()?.card.record_visits ?? true;
  const wanted = worth && records;
  const done = wanted && (text === lastKept || (await visitKeep(here, text, found.outcome, found.verdict)));
  if (done) lastKept = text;
  const { state, ageMs } = readiness();
  return { ...found, test_age_h: null, condition: null, visit: done ? "kept" : records ? "not_stored" : "not_recorded", ...(state === "ready" ? { offlineMs: ageMs } : {}) };
}

function unanswered(outcome: "timeout" | "failed"): Shown {
  return { outcome, verdict: "pass_with_register", reason: `system_${outcome}`, masked_name: null, test_age_h: null, condition: null, notices: [], visit: "not_stored" };
}

/**
 * Checks one code, paper or document. Nobody waits longer than three seconds: what the system does not know in time is
 * registered on paper and passes (Art. 40). Raises `Problem` where this device itself is refused.
 */
export async function check(thing: Thing): Promise<Shown> {
  try {
    const { body } = await ask<CheckAnswer>("/v1/checks", { method: "POST", body: thing, bearer: post.get()?.session ?? null, timeoutMs: link.get().level === "offline" ? 1000 : 3000 });
    heard(body.freshness, body.server_time_ms);
    count();
    return body;
  } catch (error) {
    if (!(error instanceof Problem)) throw error;
    silent(error);
    if (error.status === 0 || error.status >= 500) {
      count();
      return await checkAlone(thing, error.code === "timeout" ? "timeout" : "failed");
    }
    throw error;
  }
}
