/**
 * The verdict at a gate without network: the laws of spec/outcomes.md, by the policies of the bundle.
 *
 * A pass says no test age. What a device cannot know stops nobody: a policy that asks for one registers and passes.
 */

import type { Verdict } from "../edge";

export interface PolicyEntry {
  readonly id: string;
  readonly venue_types: readonly string[];
  readonly areas: readonly string[];
  readonly from: number | null;
  readonly until: number | null;
  readonly colors: readonly string[];
  readonly test_age_h: number | null;
  readonly test_age_days: number | null;
}

export interface PoliciesNote {
  readonly default: PolicyEntry;
  readonly policies: readonly PolicyEntry[];
  readonly stale_after_s: number;
}

export interface Place {
  readonly type: string;
  readonly division: string;
  readonly medical: boolean;
  /** The id of a policy bound to this venue, or empty. */
  readonly policy: string;
}

export interface Judgement {
  readonly verdict: Verdict;
  readonly reason: string;
  readonly failed: string | null;
}

const NOT_USABLE: readonly string[] = ["expired", "recalled", "forged"];
const NOT_KNOWN: readonly string[] = ["absent", "unknown", "stale", "failed", "timeout"];
const GREEN_ONLY: readonly string[] = ["green"];

const holds = (policy: PolicyEntry, now: number) => (policy.from === null || policy.from <= now) && (policy.until === null || now < policy.until);

/** Whether a division lies in another: itself, its city, its province. Both codes are current ones. */
export function within(code: string, outer: string): boolean {
  if (outer.endsWith("0000")) return code.slice(0, 2) === outer.slice(0, 2);
  return outer.endsWith("00") ? code.slice(0, 4) === outer.slice(0, 4) : code === outer;
}

/** The policy in force at a place: one bound to it, else the latest adjustment that covers it, else the default. */
export function policyFor(note: PoliciesNote, place: Place, now: number): PolicyEntry {
  const bound = note.policies.find((one) => one.id === place.policy && holds(one, now));
  if (bound) return bound;
  const covers = (one: PolicyEntry) => (!one.venue_types.length || one.venue_types.includes(place.type)) && (!one.areas.length || one.areas.some((area) => within(place.division, area)));
  const adjusted = note.policies.filter((one) => one.until !== null && holds(one, now) && covers(one));
  return adjusted.reduce<PolicyEntry>((best, one) => (best === note.default || (one.from ?? 0) > (best.from ?? 0) ? one : best), note.default);
}

/** Total: any outcome gets a verdict. `offlinePaper`: genuine, and not recalled, is all that is known. */
export function judge(outcome: string, policy: PolicyEntry, medical: boolean, now: number, offlinePaper = false): Judgement {
  if (NOT_USABLE.includes(outcome)) return { verdict: medical ? "buffer_entrance" : "use_id_card", reason: `${medical ? "medical" : "code"}_${outcome}`, failed: "code" };
  if (offlinePaper) return { verdict: "pass_with_register", reason: "offline_paper", failed: null };
  if (NOT_KNOWN.includes(outcome)) return { verdict: "pass_with_register", reason: `system_${outcome}`, failed: null };
  const inForce = holds(policy, now);
  if (!(inForce ? policy.colors : GREEN_ONLY).includes(outcome)) return { verdict: medical ? "buffer_entrance" : "do_not_pass", reason: `color_${outcome}`, failed: "color" };
  if (inForce && (policy.test_age_h !== null || policy.test_age_days !== null)) return { verdict: "pass_with_register", reason: "offline_test", failed: null };
  return { verdict: "pass", reason: "ok", failed: null };
}
