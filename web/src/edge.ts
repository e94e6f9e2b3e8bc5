/** The edge API as its OpenAPI description (`/v1/openapi.json`) gives it; only what the pages read. */

import type { Both } from "./language";

export interface Freshness {
  readonly level: "fresh" | "aged" | "stale";
  readonly age_s: number | null;
  readonly clock: "ok" | "off";
}

export interface Ground {
  readonly rule: string;
  readonly phase: string;
  readonly color: string;
  readonly since_minute: number | null;
  readonly until_minute: number | null;
  readonly text: Both;
  readonly way_out: Both;
  /** A test of the schedule is missing: the color stays until it is made good. */
  readonly held: boolean;
  readonly next_change_minute: number | null;
  /** Local calendar days since 1970 on which a test is still due. */
  readonly tests_due: readonly number[];
  readonly office: string | Both;
  readonly phone: string;
}

/** A declared overlay that changes no color. */
export type Notice = Both & { readonly id: string };

export interface StateAnswer {
  readonly state: string;
  readonly until_minute: number | null;
  readonly next_state: string | null;
  readonly notices: readonly Notice[];
  readonly grounds: readonly Ground[];
  readonly doses: number;
  readonly last_negative_minute: number | null;
  readonly freshness: Freshness;
  readonly masked_name: string;
  readonly region: string | number;
  readonly server_time_ms: number;
  readonly hint_s: number;
  /** The server is busy and left the grounds out. */
  readonly grounds_later?: boolean;
}

export interface LiveCode {
  readonly minute: number;
  readonly text: string;
}

export interface CodesAnswer extends StateAnswer {
  readonly codes: readonly LiveCode[];
  readonly session?: string | null;
}

export type Verdict = "pass" | "pass_with_register" | "do_not_pass" | "buffer_entrance" | "use_id_card";

export interface CheckAnswer {
  readonly check: string;
  readonly outcome: string;
  readonly verdict: Verdict;
  readonly reason: string;
  readonly failed_condition: string | null;
  /** The failed condition in words: what the place asks, what was found, who asks it and until when. */
  readonly condition?: Both | null;
  readonly masked_name: string | null;
  readonly last_negative_minute: number | null;
  readonly test_age_h: number | null;
  readonly notices: readonly Notice[];
  readonly freshness: Freshness;
  readonly visit: "stored" | "spooled" | "not_recorded" | "not_stored";
  readonly server_time_ms: number;
}

export interface Place {
  readonly number: number;
  readonly name: string;
  readonly address: string;
  readonly type: string;
  readonly checkpoint: number;
  readonly checkpoint_name: string;
}

export interface VisitAnswer {
  readonly visit: string;
  readonly grade: "inspected" | "rotating" | "static";
  readonly outcome: string;
  readonly verdict: Verdict;
  readonly reason: string;
  readonly failed_condition: string | null;
  readonly venue: Place;
  readonly masked_name: string;
  readonly freshness: Freshness;
  readonly server_time_ms: number;
  readonly spooled?: boolean;
}

/** A UUIDv7 (RFC 9562): its first 48 bits are the server's time, so that the visit's own key picks its partition. */
export function visitKey(serverNow: number): string {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  const at = Math.floor(serverNow);
  for (let i = 0; i < 6; i += 1) bytes[i] = Math.floor(at / 2 ** (8 * (5 - i))) & 0xff;
  bytes[6] = ((bytes[6] ?? 0) & 0x0f) | 0x70;
  bytes[8] = ((bytes[8] ?? 0) & 0x3f) | 0x80;
  const hex = [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("");
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`;
}
