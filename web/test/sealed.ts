/**
 * What is sealed under epoch keys, read as an edge reads it (spec/code-format.md sections 2 to 5): live codes, sessions
 * and the minute's seal of a screen. For the vectors only: no phone holds an epoch key, and nothing here is shipped.
 */

import { base45Decode, base64urlDecode } from "../src/codes/base45";
import { hex, unhex } from "../src/codes/cose";
import { Refusal, type RefusalCode } from "../src/codes/refusal";

interface Epoch {
  readonly key: string;
  readonly valid_from: number;
  readonly valid_until: number;
}

export interface Context {
  readonly region: number;
  readonly epochs: Readonly<Record<string, Epoch>>;
  readonly now: number;
  readonly now_s: number;
}

/** A refusal that says at which stage of the page's order the reading ended. */
export class Staged extends Refusal {
  constructor(
    code: RefusalCode,
    readonly stage: string,
  ) {
    super(code);
  }
}

const INTL = 1;
const ORIGIN = 26_297_280;
const utf8 = new TextEncoder();
const number = (data: Uint8Array): number => data.reduce((sum, byte) => sum * 256 + byte, 0);

function join(...parts: Uint8Array[]): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(parts.flatMap((part) => [...part]));
}

function u32(value: number): Uint8Array {
  return Uint8Array.from([24, 16, 8, 0].map((shift) => (value >>> shift) & 255));
}

function at<T>(stage: string, act: () => T): T {
  try {
    return act();
  } catch (error) {
    throw error instanceof Refusal ? new Staged(error.code, stage) : error;
  }
}

async function derived(epoch: Epoch, purpose: string, minute: number): Promise<Uint8Array<ArrayBuffer>> {
  const master = await crypto.subtle.importKey("raw", unhex(epoch.key) as BufferSource, "HKDF", false, ["deriveBits"]);
  const how = { name: "HKDF", hash: "SHA-256", salt: new Uint8Array(0), info: join(utf8.encode(`healthcode/${purpose}`), u32(minute)) };
  return new Uint8Array(await crypto.subtle.deriveBits(how, master, 256));
}

async function opened(epoch: Epoch, purpose: string, minute: number, sealed: Uint8Array, aad: Uint8Array): Promise<Uint8Array> {
  const key = await crypto.subtle.importKey("raw", await derived(epoch, purpose, minute), "AES-GCM", false, ["decrypt"]);
  const how = { name: "AES-GCM", iv: join(sealed.subarray(0, 12)), additionalData: join(aad) };
  try {
    return new Uint8Array(await crypto.subtle.decrypt(how, key, join(sealed.subarray(12))));
  } catch {
    throw new Staged("forged", "seal");
  }
}

function bodyOf(text: string, prefix: string): string {
  if (text.startsWith(prefix)) return text.slice(prefix.length);
  const later = text.startsWith(prefix.slice(0, 2)) && text.slice(2, 6).includes(prefix.slice(-1));
  throw new Staged(later ? "update_needed" : "unreadable", "prefix");
}

function headed(data: Uint8Array, context: Context): number {
  if (data[0] !== INTL) throw new Staged("update_needed", "suite");
  if (number(data.subarray(1, 3)) !== context.region / 100) throw new Staged("wrong_region", "region");
  return number(data.subarray(3, 5));
}

function nameOf(data: Uint8Array, stage: string): string {
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(data);
  } catch {
    throw new Staged("forged", stage);
  }
}

/** Section 3. */
export async function liveOpen(context: Context, text: string): Promise<object> {
  const body = bodyOf(text, "HL1:");
  const data = at("base45", () => base45Decode(body));
  if (data.length < 43 || data.length > 67) throw new Staged("unreadable", "length");
  const id = headed(data, context);
  const minute = ORIGIN + number(data.subarray(5, 8));
  const epoch = context.epochs[id];
  if (!epoch) throw new Staged(minute * 60 > context.now_s ? "not_yet" : "expired", "epoch");
  if (minute < epoch.valid_from || minute >= epoch.valid_until) throw new Staged("forged", "epoch");
  const said = await opened(epoch, "live", minute, data.subarray(8), join(utf8.encode("HL1:"), data.subarray(0, 8)));
  const masked_name = nameOf(said.subarray(7), "name");
  if (context.now_s >= minute * 60 + 75) throw new Staged("expired", "clock");
  if (context.now_s < minute * 60 - 15) throw new Staged("not_yet", "clock");
  return { subject: number(said.subarray(0, 4)), generation: number(said.subarray(4, 6)), minute, masked_name, flags: said[6] };
}

/** Section 5. */
export async function sessionOpen(context: Context, text: string): Promise<object> {
  const body = bodyOf(text, "HS1.");
  const data = at("base64", () => base64urlDecode(body));
  if (data.length < 72) throw new Staged("unreadable", "base64");
  const epoch = context.epochs[headed(data, context)];
  if (!epoch) throw new Staged("expired", "epoch");
  const said = await opened(epoch, "session", 0, data.subarray(5), join(utf8.encode("HS1."), data.subarray(0, 5)));
  const field = (from: number, size: number) => number(said.subarray(from, from + size));
  const [thumb, length] = [field(37, 1), field(38, 1)];
  const kind = ["resident", "inspector"][field(0, 1)];
  if (!kind || (thumb !== 0 && thumb !== 32) || said.length !== 39 + thumb + length) throw new Staged("update_needed", "claim");
  const [issued, expires] = [field(29, 4), field(33, 4)];
  if (context.now >= expires) throw new Staged("expired", "clock");
  if (issued > context.now + 1) throw new Staged("not_yet", "clock");
  return {
    kind, subject: field(1, 4), generation: field(5, 2), venue: field(7, 4), checkpoint: field(11, 2), device: hex(said.subarray(13, 29)),
    issued, expires, key_thumb: thumb ? hex(said.subarray(39, 39 + thumb)) : null, masked_name: nameOf(said.subarray(39 + thumb), "claim"),
  };
}

/** The minute of a screen's seal (section 4): what only an edge can read of a venue code. */
export async function sealOpen(context: Context, text: string): Promise<number> {
  const [signed = "", mark = ""] = text.slice(text.lastIndexOf("#") + 1).split(".");
  const [message, seal] = [base64urlDecode(signed), base64urlDecode(mark)];
  if (seal.length !== 23) throw new Staged("unreadable", "seal");
  if (seal[0] !== INTL) throw new Staged("update_needed", "seal");
  const minute = number(seal.subarray(3, 7));
  const epoch = context.epochs[number(seal.subarray(1, 3))];
  if (!epoch) throw new Staged(minute > context.now ? "not_yet" : "expired", "epoch");
  const key = await crypto.subtle.importKey("raw", await derived(epoch, "venue", minute), { name: "HMAC", hash: "SHA-256" }, false, ["sign"]);
  const mac = new Uint8Array(await crypto.subtle.sign("HMAC", key, join(message))).subarray(0, 16);
  const whole = hex(mac) === hex(seal.subarray(7)) && minute >= epoch.valid_from && minute < epoch.valid_until;
  if (!whole) throw new Staged("forged", "seal");
  if (context.now > minute + 1) throw new Staged("expired", "clock");
  if (context.now < minute - 1) throw new Staged("not_yet", "clock");
  return minute;
}
