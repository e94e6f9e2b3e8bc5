/**
 * COSE_Sign1 (RFC 9052) in the one form of spec/code-format.md section 4. This reader knows ES256; SM2 is the edges'
 * business, and a browser that meets it says that it needs an update.
 */

import { type Cbor, type CborMap, Tagged, cborDecode, cborEncode } from "./cbor";
import { Refusal } from "./refusal";

const SIGN1 = 18;
const ES256 = -7;
const ORDER = 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551n;
const KEY = { name: "ECDSA", namedCurve: "P-256" } as const;
const HOW = { name: "ECDSA", hash: "SHA-256" } as const;

/** Public keys (65-byte points) by key id in hexadecimal. */
export type Trusted = ReadonlyMap<string, Uint8Array>;

export function hex(data: Uint8Array): string {
  return [...data].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}

export function unhex(text: string): Uint8Array {
  return Uint8Array.from(text.match(/../g) ?? [], (pair) => parseInt(pair, 16));
}

function number(data: Uint8Array): bigint {
  return BigInt(`0x${hex(data)}`);
}

function structure(protectedHeader: Uint8Array, context: string, payload: Uint8Array): BufferSource {
  return cborEncode(["Signature1", protectedHeader, new TextEncoder().encode(context), payload]) as BufferSource;
}

interface Parts {
  readonly encoded: Uint8Array;
  readonly header: CborMap;
  readonly payload: Uint8Array;
  readonly signature: Uint8Array;
}

/** The parts of a message, its signature not looked at. Refuses with `forged`. */
export function sign1Parts(message: Uint8Array): Parts {
  let tagged: Cbor;
  try {
    tagged = cborDecode(message);
    if (!(tagged instanceof Tagged) || tagged.tag !== SIGN1 || !Array.isArray(tagged.value)) throw new Refusal("forged");
    const [encoded, unprotected, payload, signature, more] = tagged.value as Cbor[];
    if (!(encoded instanceof Uint8Array && payload instanceof Uint8Array && signature instanceof Uint8Array)) throw new Refusal("forged");
    if (!(unprotected instanceof Map) || unprotected.size || more !== undefined || signature.length !== 64) throw new Refusal("forged");
    const header = cborDecode(encoded);
    if (!(header instanceof Map)) throw new Refusal("forged");
    return { encoded, header: header as CborMap, payload, signature };
  } catch {
    throw new Refusal("forged");
  }
}

/** The payload map that a trusted key signed for `context`. Refuses with `forged` or `update_needed`. */
export async function mapOpen(trusted: Trusted, message: Uint8Array, context: string): Promise<CborMap> {
  const { encoded, header, payload, signature } = sign1Parts(message);
  if (header.has(2) || header.get(1) !== ES256) throw new Refusal("update_needed");
  const kid = header.get(4);
  const point = kid instanceof Uint8Array ? trusted.get(hex(kid)) : undefined;
  if (!point || number(signature.subarray(32)) > ORDER / 2n) throw new Refusal("forged");
  if (!(await verify(point, structure(encoded, context, payload), signature))) throw new Refusal("forged");
  let said: Cbor;
  try {
    said = cborDecode(payload);
  } catch {
    throw new Refusal("update_needed");
  }
  if (!(said instanceof Map)) throw new Refusal("update_needed");
  return said as CborMap;
}

async function verify(point: Uint8Array, data: BufferSource, signature: Uint8Array): Promise<boolean> {
  try {
    const key = await crypto.subtle.importKey("raw", point as BufferSource, KEY, false, ["verify"]);
    return await crypto.subtle.verify(HOW, key, signature as BufferSource, data);
  } catch {
    return false;
  }
}

export async function keyId(point: Uint8Array): Promise<Uint8Array> {
  return new Uint8Array(await crypto.subtle.digest("SHA-256", point as BufferSource)).slice(0, 8);
}

/** Signs a payload (its map's keys in order) with a key of this device. */
export async function mapSign(key: CryptoKey, kid: Uint8Array, payload: CborMap, context: string): Promise<Uint8Array> {
  const encoded = cborEncode(new Map<number, Cbor>([[1, ES256], [4, kid]]));
  const said = cborEncode(payload);
  const raw = new Uint8Array(await crypto.subtle.sign(HOW, key, structure(encoded, context, said)));
  return cborEncode(new Tagged(SIGN1, [encoded, new Map(), said, canonical(raw)]));
}

/** WebCrypto gives either of the two forms of a signature; the smaller s is the one that readers take. */
function canonical(signature: Uint8Array): Uint8Array {
  const s = number(signature.subarray(32));
  if (s <= ORDER / 2n) return signature;
  return Uint8Array.from([...signature.subarray(0, 32), ...unhex((ORDER - s).toString(16).padStart(64, "0"))]);
}
