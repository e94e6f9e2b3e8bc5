/** The signed place on a poster (spec/code-format.md section 4). The seal of a screen is the edges' to judge. */

import { base64urlDecode } from "./base45";
import { type Trusted, mapOpen } from "./cose";
import { Refusal } from "./refusal";

const LONGEST_TEXT = 1024;

export interface VenueClaim {
  readonly venue: number;
  readonly checkpoint: number;
  readonly place: string;
  /** A reader that knows a newer edition of the site's codes calls this one recalled. */
  readonly edition: number;
  /** Whether the code carries a minute's seal, which only an edge can open. */
  readonly sealed: boolean;
}

function hostOf(link: string): string | null {
  return /^[a-z]+:\/\/([^/?#]*)/i.exec(link)?.[1] ?? null;
}

/** Raises Refusal. `hosts` are those that our codes lead to. */
export async function venueOpen(trusted: Trusted, text: string, region: number, hosts: readonly string[]): Promise<VenueClaim> {
  if (text.length > LONGEST_TEXT) throw new Refusal("unreadable");
  const mark = text.lastIndexOf("#");
  if ((mark >= 0 || text.includes("://")) && !hosts.includes(hostOf(text) ?? "")) throw new Refusal("foreign_place");
  const [signed = "", seal, ...more] = text.slice(mark + 1).split(".");
  if (!signed || seal === "" || more.length) throw new Refusal("unreadable");
  if (seal !== undefined) base64urlDecode(seal);
  const said = await mapOpen(trusted, base64urlDecode(signed), "healthcode/venue/1");
  const [version, madeIn, venue, checkpoint, place = "", edition = 0] = [0, 1, 2, 3, 4, 5].map((label) => said.get(label));
  if (version !== 1) throw new Refusal("update_needed");
  if (typeof madeIn === "number" && madeIn !== region) throw new Refusal("wrong_region");
  if (typeof madeIn !== "number" || typeof venue !== "number" || typeof checkpoint !== "number" || typeof edition !== "number" || typeof place !== "string") throw new Refusal("update_needed");
  return { venue, checkpoint, place, edition, sealed: seal !== undefined };
}
