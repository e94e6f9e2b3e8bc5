/**
 * A check without network: what the signed bundle allows to say, and nothing beyond it.
 *
 * Law (Art. 11, 40): nobody is stopped because this device does not know. Without a bundle, with one beyond its limit,
 * or with a clock that went back, whoever comes registers by ID card and passes.
 */

import type { Card } from "../codes/bundle";
import { type Judgement, type PoliciesNote, judge, policyFor } from "../codes/judge";
import { paperOpen } from "../codes/paper";
import { passOpen } from "../codes/pass";
import { Refusal } from "../codes/refusal";
import type { Both } from "../language";
import { type Held, held } from "./bundle";
import { timeNow, timeWentBack } from "./time";

const LIMIT_S = 4 * 3600;

/** Whether this device may judge now, and how old what it goes by is (ms). */
export interface Readiness {
  readonly state: "ready" | "none" | "stale" | "clock";
  readonly ageMs: number;
  readonly limitMs: number;
}

export function readiness(): Readiness {
  const found = held.get();
  const now = timeNow();
  const back = timeWentBack();
  if (!found) return { state: back ? "clock" : "none", ageMs: 0, limitMs: LIMIT_S * 1000 };
  const limitMs = (found.bundle.policiesAt(Math.floor(now / 60_000))?.stale_after_s ?? LIMIT_S) * 1000;
  const ageMs = now - found.bundle.head.made * 1000;
  // A bundle that was made later than now is the same thing: this clock is behind.
  const state = back || ageMs < -120_000 ? "clock" : ageMs > limitMs ? "stale" : "ready";
  return { state, ageMs: Math.max(0, ageMs), limitMs };
}

/** What a check without network came to; `keep`: whether an edge can tell later whose code it was. */
export interface OfflineFound {
  readonly outcome: string;
  readonly verdict: Judgement["verdict"];
  readonly reason: string;
  readonly masked_name: string | null;
  readonly notices: readonly (Both & { readonly id: string })[];
  readonly keep: boolean;
}

function unknown(outcome: string, reason: string, keep: boolean): OfflineFound {
  return { outcome, verdict: "pass_with_register", reason, masked_name: null, notices: [], keep };
}

/** Total: any text has a verdict. */
export async function offlineCheck(text: string): Promise<OfflineFound> {
  const { state } = readiness();
  const ours = /^H[LPB]\d:/.test(text);
  if (state === "clock") return unknown("failed", "offline_clock", false);
  if (text.startsWith("HL")) return unknown("timeout", "offline_live", true);
  const found = held.get();
  if (state === "none" || !found) return unknown("failed", "offline_none", ours);
  if (state === "stale") return unknown("stale", "offline_stale", ours);
  const now = Math.floor(timeNow() / 60_000);
  const policies = found.bundle.policiesAt(now);
  if (!policies) return unknown("failed", "offline_none", ours);
  try {
    return text.startsWith("HB") ? await paperFound(found, text, policies, now) : await passFound(found, text, policies, now);
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    const said = judged(error.outcome, found.card, policies, now);
    return { outcome: error.outcome, ...said, reason: error.outcome === "failed" ? error.code : said.reason, masked_name: null, notices: [], keep: false };
  }
}

function judged(outcome: string, card: Card, policies: PoliciesNote, now: number, paper = false): Pick<Judgement, "verdict" | "reason"> {
  const { verdict, reason } = judge(outcome, policyFor(policies, card, now), card.medical, now, paper);
  return { verdict, reason };
}

async function passFound({ region, bundle, card }: Held, text: string, policies: PoliciesNote, now: number): Promise<OfflineFound> {
  const shown = await passOpen(bundle.trusted("person", now), text, region, timeNow() / 1000);
  const { colors, notices } = bundle.colorsAt(now);
  const color = shown.state === 1 ? "absent" : colors.find((one) => one.state === shown.state)?.id ?? "unknown";
  const outcome = bundle.recalled(shown.claim.handle) ? "recalled" : color;
  const told = notices.filter((one) => (shown.notices >> one.bit) & 1).map((one) => ({ id: one.id, ...one.words }));
  return { outcome, ...judged(outcome, card, policies, now), masked_name: shown.claim.masked_name, notices: told, keep: true };
}

async function paperFound({ region, bundle, card }: Held, text: string, policies: PoliciesNote, now: number): Promise<OfflineFound> {
  const claim = await paperOpen(bundle.trusted("person", now), text, region, now);
  const outcome = bundle.recalled(claim.handle) ? "recalled" : "unknown";
  return { outcome, ...judged(outcome, card, policies, now, true), masked_name: claim.masked_name, notices: [], keep: true };
}
