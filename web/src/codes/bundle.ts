/**
 * The offline bundle (spec/offline-bundle.md): one signed head that names every part by its digest. Whatever does not
 * fit the head is refused whole; nothing of a bundle is used before all of it is there.
 */

import { type Cbor, type CborMap, cborDecode } from "./cbor";
import { type Trusted, hex, mapOpen } from "./cose";
import type { PolicyEntry, PoliciesNote } from "./judge";
import { Refusal } from "./refusal";

const FAMILIES: readonly string[] = ["colors", "policies", "recall", "trust"];
const HANDLE = 16;

export interface Head {
  readonly number: number;
  /** Seconds since 1970: when control signed it. */
  readonly made: number;
  readonly parts: ReadonlyMap<string, { readonly changed: number; readonly digest: Uint8Array }>;
}

export interface ColorEntry {
  readonly id: string;
  readonly state: number;
  readonly severity: number;
  readonly word: { readonly zh: string; readonly en: string };
  readonly shape: string;
  readonly sound: string;
  readonly vibration: readonly number[];
  readonly hue: Readonly<Record<string, string>>;
}

export interface ColorsNote {
  readonly colors: readonly ColorEntry[];
  readonly notices: readonly { readonly bit: number; readonly id: string; readonly words: { readonly zh: string; readonly en: string } }[];
}

export interface Card {
  readonly venue: number;
  readonly made: number;
  readonly name: string;
  readonly type: string;
  readonly division: string;
  readonly medical: boolean;
  readonly policy: string;
  readonly status: string;
  readonly record_visits: boolean;
}

interface TrustEntry {
  readonly kid: Uint8Array;
  readonly suite: string;
  readonly public: Uint8Array;
  readonly purpose: string;
  readonly from: number;
  readonly until: number | null;
}

type Starting<T> = readonly (readonly [from: number, note: T])[];

const whole = (value: Cbor | undefined): value is number => typeof value === "number";

/** Raises Refusal: `forged`, `wrong_region`, or `update_needed` for what a later release made. */
export async function headOpen(trusted: Trusted, message: Uint8Array, region: number): Promise<Head> {
  const said = await mapOpen(trusted, message, "healthcode/bundle/1");
  const [version, madeIn, number, made, needs, parts] = [0, 1, 2, 3, 4, 5].map((label) => said.get(label));
  if (version !== 1 || !whole(madeIn) || !whole(number) || !whole(made) || !Array.isArray(needs) || !(parts instanceof Map)) throw new Refusal("update_needed");
  if (madeIn !== region) throw new Refusal("wrong_region");
  if ((needs as Cbor[]).some((family) => !FAMILIES.includes(family as string))) throw new Refusal("update_needed");
  const named = [...(parts as CborMap)].map(([name, part]) => [String(name), partOf(part)] as const);
  return { number, made, parts: new Map(named) };
}

function partOf(part: Cbor): { changed: number; digest: Uint8Array } {
  const [changed, digest] = (Array.isArray(part) ? part : []) as Cbor[];
  if (!whole(changed) || !(digest instanceof Uint8Array) || digest.length !== 32) throw new Refusal("update_needed");
  return { changed, digest };
}

/** Refuses with `forged` unless `parts` are exactly those that the head names. */
export async function partsCheck(head: Head, parts: ReadonlyMap<string, Uint8Array>): Promise<void> {
  if (parts.size !== head.parts.size) throw new Refusal("forged");
  for (const [name, { digest }] of head.parts) {
    const data = parts.get(name);
    if (!data || hex(new Uint8Array(await crypto.subtle.digest("SHA-256", data as BufferSource))) !== hex(digest)) throw new Refusal("forged");
  }
}

/** The venue card that control signed. Raises Refusal. */
export async function cardOpen(trusted: Trusted, message: Uint8Array, region: number): Promise<Card> {
  const said = await mapOpen(trusted, message, "healthcode/venue-card/1");
  const [version, madeIn, venue, made, says] = [0, 1, 2, 3, 4].map((label) => said.get(label));
  if (version !== 1 || !whole(venue) || !whole(made) || !(says instanceof Map)) throw new Refusal("update_needed");
  if (madeIn !== region) throw new Refusal("wrong_region");
  return { ...(plain(says) as Omit<Card, "venue" | "made">), venue, made };
}

/** What an edge answered, nothing of it verified yet. */
export interface Answered {
  readonly head: Uint8Array;
  readonly parts: ReadonlyMap<string, Uint8Array>;
  readonly card: Uint8Array;
  readonly serverMs: number;
}

/** Reads the answer of `GET /v1/bundle`. Raises Refusal: `unreadable`, or `update_needed`. */
export function answerRead(body: Uint8Array): Answered {
  let said: Cbor;
  try {
    said = cborDecode(body);
  } catch {
    throw new Refusal("unreadable");
  }
  const [version, head, parts, card, serverMs] = [0, 1, 2, 3, 4].map((label) => (said instanceof Map ? (said as CborMap).get(label) : undefined));
  if (version !== 1 || !(head instanceof Uint8Array) || !(parts instanceof Map) || !(card instanceof Uint8Array) || !whole(serverMs)) throw new Refusal("update_needed");
  const named = [...(parts as CborMap)].map(([name, data]) => [String(name), data as Cbor] as const).filter((one): one is readonly [string, Uint8Array] => one[1] instanceof Uint8Array);
  return { head: head.slice(), parts: new Map(named.map(([name, data]) => [name, data.slice()])), card: card.slice(), serverMs };
}

/** A whole bundle, read once: what it says at a minute. */
export class Bundle {
  private readonly colors: Starting<ColorsNote>;
  private readonly policies: Starting<PoliciesNote>;
  private readonly trust: readonly TrustEntry[];
  private readonly recall: ReadonlyMap<string, Uint8Array>;
  private readonly digits: number;

  /** `parts` have been checked against `head`. Raises Refusal `update_needed` for a part that cannot be read. */
  constructor(readonly head: Head, parts: ReadonlyMap<string, Uint8Array>) {
    const read = (name: string): Cbor => {
      const data = parts.get(name);
      if (!data) throw new Refusal("update_needed");
      return cborDecode(data);
    };
    this.colors = plain(read("colors")) as unknown as Starting<ColorsNote>;
    this.policies = plain(read("policies")) as unknown as Starting<PoliciesNote>;
    this.trust = plain(read("trust")) as unknown as readonly TrustEntry[];
    const listed = [...parts.keys()].filter((name) => name.startsWith("recall/"));
    this.recall = new Map(listed.map((name) => [name.slice(7), read(name) as Uint8Array]));
    this.digits = listed[0]?.slice(7).length ?? 0;
    if (!listed.length || this.recall.size !== 16 ** this.digits) throw new Refusal("update_needed");
  }

  /** The colors and notices in force at a minute. */
  colorsAt(now: number): ColorsNote {
    return inForce(this.colors, now) ?? { colors: [], notices: [] };
  }

  /** The policies in force at a minute; null where the bundle names none. */
  policiesAt(now: number): PoliciesNote | null {
    return inForce(this.policies, now);
  }

  /** The issuer keys of a purpose (`person`, `bundle`) that hold at a minute and that a browser can verify with. */
  trusted(purpose: string, now: number): Trusted {
    const held = this.trust.filter((one) => one.purpose === purpose && one.suite === "intl" && one.from <= now && (one.until === null || now < one.until));
    return new Map(held.map((one) => [hex(one.kid), one.public]));
  }

  /** Whether a handle stands on the list: its partition is searched by halving, as it is sorted. */
  recalled(handle: Uint8Array): boolean {
    const wanted = hex(handle);
    const list = this.recall.get(wanted.slice(0, this.digits)) ?? new Uint8Array();
    let [low, high] = [0, list.length / HANDLE];
    while (low < high) {
      const middle = (low + high) >> 1;
      const found = hex(list.subarray(middle * HANDLE, (middle + 1) * HANDLE));
      if (found === wanted) return true;
      if (found < wanted) low = middle + 1;
      else high = middle;
    }
    return false;
  }
}

function inForce<T>(notes: Starting<T>, now: number): T | null {
  return notes.reduce<readonly [number, T] | null>((best, one) => (one[0] <= now && (!best || one[0] > best[0]) ? one : best), null)?.[1] ?? null;
}

/** Maps with text keys as objects; bytes stay bytes. */
function plain(value: Cbor): unknown {
  if (value instanceof Uint8Array || value === null || typeof value !== "object") return value;
  if (Array.isArray(value)) return value.map((item) => plain(item as Cbor));
  if (value instanceof Map) return Object.fromEntries([...(value as CborMap)].map(([key, item]) => [key, plain(item)]));
  throw new Refusal("update_needed");
}

export type { PolicyEntry };
