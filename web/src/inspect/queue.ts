/**
 * Checks made without network, until an edge has them: encrypted on this device, sent in batches, and each by a key of
 * its own, so that a lost answer is repeated and nothing counts twice.
 */

import { type Verdict, visitKey } from "../edge";
import { Problem, ask } from "../http";
import { Store } from "../store";
import { drawerDelete, drawerGet, drawerKey, drawerKeys, drawerPut } from "./drawer";
import { timeNow } from "./time";

const BATCH = 40;
const LONGEST = 1024;
const OLDEST_MS = 7 * 24 * 3_600_000;

export interface Post {
  readonly session: string;
  readonly venue: number;
  readonly checkpoint: number;
}

interface Kept {
  readonly post: Post;
  readonly code: string;
  readonly outcome: string;
  readonly verdict: Verdict;
}

interface Sealed {
  readonly nonce: Uint8Array;
  readonly data: ArrayBuffer;
}

interface Taken {
  readonly visits: readonly { readonly key: string; readonly said: "stored" | "spooled" | "refused" }[];
}

/** How many checks wait to be uploaded. */
export const waiting = new Store(0);

async function count(): Promise<void> {
  waiting.set((await drawerKeys("visits").catch(() => [])).length);
}

const aad = (key: string) => new TextEncoder().encode(`healthcode/offline-visit/${key}`);

/** Keeps one check; returns whether it lies on this device's disk now. */
export async function visitKeep(post: Post, code: string, outcome: string, verdict: Verdict): Promise<boolean> {
  if (code.length > LONGEST) return false;
  try {
    const key = visitKey(timeNow());
    const nonce = crypto.getRandomValues(new Uint8Array(12));
    const said = new TextEncoder().encode(JSON.stringify({ post, code, outcome, verdict } satisfies Kept));
    const data = await crypto.subtle.encrypt({ name: "AES-GCM", iv: nonce, additionalData: aad(key) }, await drawerKey(), said);
    await drawerPut("visits", key, { nonce, data } satisfies Sealed);
    await count();
    return true;
  } catch {
    return false; // no database (private browsing) or no room: the screen says to register on paper
  }
}

async function opened(key: string): Promise<Kept | null> {
  const sealed = await drawerGet<Sealed>("visits", key);
  if (!sealed) return null;
  try {
    const said = await crypto.subtle.decrypt({ name: "AES-GCM", iv: sealed.nonce as BufferSource, additionalData: aad(key) }, await drawerKey(), sealed.data);
    return JSON.parse(new TextDecoder().decode(said)) as Kept;
  } catch {
    return null;
  }
}

const keyTime = (key: string) => parseInt(key.replace(/-/g, "").slice(0, 12), 16);

const place = (post: Post) => `${post.venue}.${post.checkpoint}`;

/** Sends one batch of one post with the newest session for it; returns whether to go on. `refused`: posts that are over. */
async function batchSend(keys: readonly string[], now: Post | null, refused: Set<string>): Promise<boolean> {
  const read = await Promise.all(keys.map(async (key) => [key, await opened(key)] as const));
  const gone = read.filter(([key, kept]) => !kept || timeNow() - keyTime(key) > OLDEST_MS).map(([key]) => key);
  const first = read.find(([key, kept]) => kept && !gone.includes(key) && !refused.has(place(kept.post)))?.[1]?.post;
  if (gone.length) await drawerDelete("visits", gone); // no edge would take them any more
  if (!first) return gone.length > 0;
  const same = (post: Post) => place(post) === place(first);
  const some = read.filter((one): one is readonly [string, Kept] => one[1] !== null && !gone.includes(one[0]) && same(one[1].post)).slice(0, BATCH);
  const bearer = now && same(now) ? now.session : first.session;
  const visits = some.map(([key, { code, outcome, verdict }]) => ({ key, code, outcome, verdict }));
  const answer = await ask<Taken>("/v1/offline-visits", { method: "POST", body: { visits }, bearer, timeoutMs: 15_000 }).catch((error: unknown) => {
    if (!(error instanceof Problem) || (error.status !== 401 && error.status !== 403)) throw error;
    return null;
  });
  if (!answer) {
    refused.add(place(first)); // its session is over: others go on, and these wait for a renewed one
    return true;
  }
  const { body } = answer;
  // Dying before the next line: they are sent again under the same keys, and the edge stores them once.
  await drawerDelete("visits", body.visits.map((one) => one.key));
  return body.visits.length > 0;
}

let sending = false;

/** Uploads what waits, one sender at a time on this device. Quiet where nobody answers: it waits on. */
export async function visitsUpload(now: Post | null): Promise<void> {
  if (sending) return;
  sending = true;
  const refused = new Set<string>();
  const all = async () => {
    for (let keys = await drawerKeys("visits"); keys.length; keys = await drawerKeys("visits")) {
      if (!(await batchSend(keys, now, refused))) return;
    }
  };
  try {
    await (navigator.locks ? navigator.locks.request("healthcode-offline-visits", all) : all());
  } catch (error) {
    if (!(error instanceof Problem || error instanceof DOMException)) throw error;
  } finally {
    sending = false;
    await count();
  }
}

void count();
