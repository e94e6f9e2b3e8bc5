/** The bundle that this device holds: fetched while there is a network, verified, kept, and only ever replaced by a newer one. */

import { type Answered, Bundle, type Card, type Head, answerRead, cardOpen, headOpen, partsCheck } from "../codes/bundle";
import { type Trusted, unhex } from "../codes/cose";
import { Refusal } from "../codes/refusal";
import { Problem, askBytes } from "../http";
import { Store } from "../store";
import { drawerGet, drawerPut } from "./drawer";
import { timeHeard, timeNow } from "./time";

interface Kept {
  readonly head: Uint8Array;
  readonly parts: ReadonlyMap<string, Uint8Array>;
  readonly card: Uint8Array;
  readonly etag: string | null;
}

/** Whose bundle a device wants: what control gave it with its session. */
export interface Enrolled {
  readonly session: string;
  readonly region: number;
  readonly venue: number;
  /** Key ids and points, hexadecimal. */
  readonly keys: Readonly<Record<string, string>>;
}

export interface Held {
  readonly region: number;
  readonly bundle: Bundle;
  readonly card: Card;
}

export const held = new Store<Held | null>(null);
let kept: Kept | null = null;

/** The keys that control gave this device with its session; a bundle may name further ones. */
function trustedNow({ keys }: Enrolled): Trusted {
  const first = new Map(Object.entries(keys).map(([kid, point]) => [kid, unhex(point)]));
  return new Map([...first, ...(held.get()?.bundle.trusted("bundle", Math.floor(timeNow() / 60_000)) ?? [])]);
}

async function opened(one: Kept, head: Head, trusted: Trusted, { region, venue }: Enrolled): Promise<Held> {
  await partsCheck(head, one.parts);
  const card = await cardOpen(trusted, one.card, region);
  if (card.venue !== venue) throw new Refusal("forged");
  return { region, bundle: new Bundle(head, one.parts), card };
}

/** Takes up what was kept; whatever does not verify any more is as good as nothing. */
export async function bundleLoad(who: Enrolled): Promise<void> {
  const found = await drawerGet<Kept>("kept", "bundle").catch(() => null);
  if (!found) return;
  try {
    const trusted = trustedNow(who);
    const one = await opened(found, await headOpen(trusted, found.head, who.region), trusted, who);
    kept = found;
    held.set(one);
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
  }
}

/** The number of the bundle held for this post, 0 where there is none. */
function numberHeld({ venue }: Enrolled): number {
  const found = held.get();
  return found?.card.venue === venue ? found.bundle.head.number : 0;
}

async function taken(answer: Answered, etag: string | null, who: Enrolled): Promise<void> {
  const trusted = trustedNow(who);
  const head = await headOpen(trusted, answer.head, who.region);
  if (head.number < numberHeld(who)) return; // another edge, which is behind
  const before = [...(kept?.parts ?? [])].filter(([name]) => head.parts.has(name));
  const next: Kept = { head: answer.head, parts: new Map([...before, ...answer.parts]), card: answer.card, etag };
  const one = await opened(next, head, trusted, who);
  await drawerPut("kept", "bundle", next).catch(() => undefined); // no database: it holds until the page is closed
  kept = next;
  held.set(one);
}

/**
 * Fetches what changed. Returns quietly where nobody answers or what came does not verify: the bundle held before goes
 * on, and its age is shown.
 */
export async function bundleFetch(who: Enrolled): Promise<void> {
  const since = numberHeld(who);
  const headers = kept?.etag && since ? { "If-None-Match": kept.etag } : {};
  try {
    const answer = await askBytes(`/v1/bundle?since=${since}`, { bearer: who.session, headers });
    if (answer.body === null) return;
    const read = answerRead(answer.body);
    timeHeard(read.serverMs);
    await taken(read, answer.etag, who).catch(async (error: unknown) => {
      if (!(error instanceof Refusal) || !since) throw error;
      const all = await askBytes("/v1/bundle?since=0", { bearer: who.session }); // the parts held do not fit: all of them anew
      if (all.body) await taken(answerRead(all.body), all.etag, who);
    });
  } catch (error) {
    if (!(error instanceof Problem || error instanceof Refusal)) throw error;
  }
}
