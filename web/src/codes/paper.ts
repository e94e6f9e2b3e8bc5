/** The paper code (spec/code-format.md section 7): without network, genuine and not recalled is all that it tells. */

import { textOpen } from "./base45";
import type { Cbor } from "./cbor";
import { type Trusted, mapOpen } from "./cose";
import { Refusal } from "./refusal";

const LONGEST = 256;
const CLOCK_MINUTES = 10;

export interface PaperClaim {
  readonly handle: Uint8Array;
  readonly issued: number;
  readonly expires: number;
  readonly masked_name: string;
}

/** Raises Refusal. `now` is whole minutes since 1970. */
export async function paperOpen(trusted: Trusted, text: string, region: number, now: number): Promise<PaperClaim> {
  const said = await mapOpen(trusted, textOpen(text, "HB1:", LONGEST), "healthcode/paper/1");
  const [handle, issuedS, expiresS, ours] = [7, 6, 4, -70000].map((label) => said.get(label));
  const [version, madeIn, name] = (Array.isArray(ours) ? ours : []) as Cbor[];
  const whole = handle instanceof Uint8Array && handle.length === 16 && typeof issuedS === "number" && typeof expiresS === "number";
  if (!whole || version !== 1 || typeof madeIn !== "number" || typeof name !== "string") throw new Refusal("update_needed");
  if (madeIn !== region) throw new Refusal("wrong_region");
  const [issued, expires] = [Math.floor(issuedS / 60), Math.floor(expiresS / 60)];
  if (now < issued - CLOCK_MINUTES) throw new Refusal("not_yet");
  if (now >= expires) throw new Refusal("expired");
  return { handle, issued, expires, masked_name: name };
}
