/** The pass (spec/code-format.md section 6): shown by the phone that holds its key, read by anyone with the trust list. */

import { base45Encode, textOpen } from "./base45";
import { type Cbor, type CborMap, cborDecode } from "./cbor";
import { type Trusted, hex, keyId, mapOpen, mapSign, sign1Parts } from "./cose";
import { Refusal } from "./refusal";

const PREFIX = "HP1:";
const ISSUER = "healthcode/pass/1";
const HOLDER = "healthcode/holder/1";
const LONGEST = 640;
const SKEW_S = 15;
const OURS = -70000;

/** State and notices from a minute on, as in the color table. */
export type Step = readonly [minute: number, state: number, notices: number];

export interface PassClaim {
  readonly handle: Uint8Array;
  readonly generation: number;
  readonly timeline: readonly Step[];
  readonly masked_name: string;
  readonly issued: number;
  readonly expires: number;
  readonly holder: Uint8Array;
  readonly locator: Uint8Array;
}

export interface ShownPass {
  readonly claim: PassClaim;
  readonly minute: number;
  readonly state: number;
  readonly notices: number;
}

const whole = (value: Cbor | undefined): value is number => typeof value === "number";

/** What the phone shows in `minute`: the issuer's part and its own signature over the minute. */
export async function passShow(key: CryptoKey, point: Uint8Array, issued: Uint8Array, minute: number): Promise<string> {
  const payload = new Map<number, Cbor>([[0, 1], [1, minute], [2, issued]]);
  return PREFIX + base45Encode(await mapSign(key, await keyId(point), payload, HOLDER));
}

function holderPart(outer: Uint8Array): { minute: number; issued: Uint8Array } {
  let said: Cbor;
  try {
    said = cborDecode(sign1Parts(outer).payload);
  } catch {
    throw new Refusal("unreadable");
  }
  if (!(said instanceof Map)) throw new Refusal("unreadable");
  const [version, minute, issued] = [0, 1, 2].map((label) => (said as CborMap).get(label));
  if (whole(version) && version !== 1) throw new Refusal("update_needed");
  if (!whole(version) || !whole(minute) || minute < 0 || minute > 0xffffffff || !(issued instanceof Uint8Array)) throw new Refusal("unreadable");
  return { minute, issued };
}

function stepOf(step: Cbor): Step {
  if (Array.isArray(step) && step.length >= 3 && step.slice(0, 3).every((item) => whole(item as Cbor))) return step.slice(0, 3) as unknown as Step;
  throw new Refusal("update_needed");
}

function pointOf(confirmation: Cbor | undefined): Uint8Array {
  const key = confirmation instanceof Map ? (confirmation as CborMap).get(1) : undefined;
  const [type, curve, x, y] = key instanceof Map ? [1, -1, -2, -3].map((label) => (key as CborMap).get(label)) : [];
  if (type !== 2 || curve !== 1 || !(x instanceof Uint8Array && y instanceof Uint8Array) || x.length !== 32 || y.length !== 32) throw new Refusal("update_needed");
  return Uint8Array.from([4, ...x, ...y]);
}

function claimOf(said: CborMap, region: number): PassClaim {
  const [handle, issued, expires, ours] = [7, 6, 4, OURS].map((label) => said.get(label));
  if (!(handle instanceof Uint8Array) || handle.length !== 16 || !whole(issued) || !whole(expires) || !Array.isArray(ours)) throw new Refusal("update_needed");
  const [version, madeIn, generation, steps, name, locator] = ours as Cbor[];
  if (version !== 1 || !whole(madeIn) || !whole(generation) || !Array.isArray(steps) || typeof name !== "string" || !(locator instanceof Uint8Array)) throw new Refusal("update_needed");
  const timeline = (steps as Cbor[]).map(stepOf);
  if (madeIn !== region) throw new Refusal("wrong_region");
  if (!timeline.length) throw new Refusal("update_needed");
  return { handle, generation, timeline, masked_name: name, issued: Math.floor(issued / 60), expires: Math.floor(expires / 60), holder: pointOf(said.get(8)), locator };
}

/** What a pass says at `nowS` (seconds since 1970). Recall is the caller's to look up. Raises Refusal. */
export async function passOpen(trusted: Trusted, text: string, region: number, nowS: number): Promise<ShownPass> {
  const outer = textOpen(text, PREFIX, LONGEST);
  const { minute, issued } = holderPart(outer);
  const claim = claimOf(await mapOpen(trusted, issued, ISSUER), region);
  await mapOpen(new Map([[hex(await keyId(claim.holder)), claim.holder]]), outer, HOLDER);
  if (nowS >= claim.expires * 60 || nowS >= minute * 60 + 60 + SKEW_S) throw new Refusal("expired");
  if (nowS < minute * 60 - SKEW_S || minute < claim.issued - 1) throw new Refusal("not_yet");
  const now = Math.floor(nowS / 60);
  const [, state, notices] = claim.timeline.filter(([from]) => from <= now).pop() ?? claim.timeline[0] ?? [0, 0, 0];
  return { claim, minute, state, notices };
}
