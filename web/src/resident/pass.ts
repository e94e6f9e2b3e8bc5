/**
 * The pass (spec/code-format.md section 6): what the phone shows when the codes minted ahead are used up and nobody
 * answers. It is fetched while there is a network, kept, and signed anew for each minute by the phone's own key.
 */

import { base64urlDecode } from "../codes/base45";
import { passShow } from "../codes/pass";
import { Problem, ask } from "../http";
import { Store, keep, kept } from "../store";
import { holderKey } from "./holder";

export interface HeldPass {
  /** The issuer's part, base64url. */
  readonly issued: string;
  readonly expires_minute: number;
}

/** A pass with less than this left is renewed at the next chance. */
const LOW_MINUTES = 150;
/** Nobody asks more often, whatever the pass says: one that ends at a change soon to come is as good as it gets. */
const PAUSE_MS = 30 * 60_000;

export const pass = new Store<HeldPass | null>(kept<HeldPass>("hc.pass"));
let askedAt = 0;

/** Gets a pass where the one held is old. Silent: the live code is what people show, this is for a bad day. */
export async function passRenew(now: number): Promise<void> {
  const left = (pass.get()?.expires_minute ?? 0) - now / 60_000;
  if (left > LOW_MINUTES || Math.abs(Date.now() - askedAt) < PAUSE_MS) return;
  askedAt = Date.now();
  const holder = await holderKey();
  if (!holder) return;
  try {
    const { body } = await ask<HeldPass>("/api/credentials/passes", { method: "POST", body: { key: holder.point } });
    keep("hc.pass", body);
    pass.set(body);
  } catch (error) {
    if (!(error instanceof Problem)) throw error;
  }
}

export function passForget(): void {
  askedAt = 0;
  keep("hc.pass", null);
  pass.set(null);
}

/** The text to show in the minute of `now`; null where there is no pass that still holds, or no key. */
export async function passText(held: HeldPass | null, now: number): Promise<string | null> {
  const minute = Math.floor(now / 60_000);
  if (!held || minute >= held.expires_minute) return null;
  const holder = await holderKey();
  return holder ? passShow(holder.pair.privateKey, base64urlDecode(holder.point), base64urlDecode(held.issued), minute) : null;
}
