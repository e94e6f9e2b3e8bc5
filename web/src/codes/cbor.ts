/**
 * The part of CBOR (RFC 8949) that codes are made of, in its deterministic form and no other: definite lengths,
 * shortest integers, map keys in order and once. Whatever is not exactly that is refused, so one message has one text.
 */

export type Cbor = number | string | boolean | null | Uint8Array | readonly Cbor[] | CborMap | Tagged;
export type CborMap = ReadonlyMap<number | string, Cbor>;

export class Tagged {
  constructor(readonly tag: number, readonly value: Cbor) {}
}

export class NotCbor extends Error {}

const DEEPEST = 16;
const UTF8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

class Reader {
  private at = 0;

  constructor(private readonly data: Uint8Array) {}

  whole(): Cbor {
    const value = this.value(0);
    if (this.at !== this.data.length) throw new NotCbor("bytes after the end");
    return value;
  }

  private take(count: number): Uint8Array {
    if (count > this.data.length - this.at) throw new NotCbor("too short");
    this.at += count;
    return this.data.subarray(this.at - count, this.at);
  }

  /** The argument of an initial byte: the shortest form only. */
  private argument(info: number): number {
    if (info < 24) return info;
    const size = { 24: 1, 25: 2, 26: 4, 27: 8 }[info];
    if (size === undefined) throw new NotCbor("indefinite or reserved length");
    const value = this.take(size).reduce((sum, byte) => sum * 256 + byte, 0);
    const least = { 1: 24, 2: 0x100, 4: 0x10000, 8: 0x100000000 }[size] ?? 0;
    if (value < least || !Number.isSafeInteger(value)) throw new NotCbor("not the shortest form");
    return value;
  }

  private value(depth: number): Cbor {
    if (depth > DEEPEST) throw new NotCbor("too deep");
    const first = this.take(1)[0] ?? 0;
    const [major, info] = [first >> 5, first & 31];
    if (major === 7) return this.simple(info);
    const argument = this.argument(info);
    if (major === 0) return argument;
    if (major === 1) return -1 - argument;
    if (major === 2) return this.take(argument);
    if (major === 3) return this.text(argument);
    if (major === 6) return new Tagged(argument, this.value(depth + 1));
    if (argument > this.data.length - this.at) throw new NotCbor("too short");
    return major === 4 ? Array.from({ length: argument }, () => this.value(depth + 1)) : this.map(argument, depth);
  }

  private simple(info: number): boolean | null {
    if (info === 20 || info === 21) return info === 21;
    if (info === 22) return null;
    throw new NotCbor("a float or simple value");
  }

  private text(length: number): string {
    try {
      return UTF8.decode(this.take(length));
    } catch {
      throw new NotCbor("not UTF-8");
    }
  }

  private map(count: number, depth: number): CborMap {
    const found = new Map<number | string, Cbor>();
    let before: Uint8Array | null = null;
    for (let place = 0; place < count; place += 1) {
      const begun = this.at;
      const key = this.value(depth + 1);
      const encoded = this.data.subarray(begun, this.at);
      if (typeof key !== "number" && typeof key !== "string") throw new NotCbor("a key of another type");
      if (before && ordered(before, encoded) >= 0) throw new NotCbor("keys out of order");
      before = encoded;
      found.set(key, this.value(depth + 1));
    }
    return found;
  }
}

/** Negative where `a` comes first: the shorter encoding, then byte by byte. */
function ordered(a: Uint8Array, b: Uint8Array): number {
  if (a.length !== b.length) return a.length - b.length;
  const at = a.findIndex((byte, place) => byte !== b[place]);
  return at < 0 ? 0 : (a[at] ?? 0) - (b[at] ?? 0);
}

/** Raises NotCbor for anything but one whole value in the deterministic form. */
export function cborDecode(data: Uint8Array): Cbor {
  return new Reader(data).whole();
}

function head(major: number, value: number): number[] {
  if (value < 24) return [(major << 5) | value];
  const size = value < 0x100 ? 1 : value < 0x10000 ? 2 : value < 0x100000000 ? 4 : 8;
  const info = 24 + Math.log2(size);
  return [(major << 5) | info, ...Array.from({ length: size }, (_, place) => Math.floor(value / 256 ** (size - 1 - place)) % 256)];
}

/** Encodes what we write ourselves: whole numbers, texts, bytes, arrays, tags, and maps whose keys are given in order. */
export function cborEncode(value: Cbor): Uint8Array {
  return Uint8Array.from(bytesOf(value));
}

function bytesOf(value: Cbor): number[] {
  if (typeof value === "number") return value < 0 ? head(1, -1 - value) : head(0, value);
  if (typeof value === "string") return withHead(3, new TextEncoder().encode(value));
  if (value instanceof Uint8Array) return withHead(2, value);
  if (value instanceof Tagged) return [...head(6, value.tag), ...bytesOf(value.value)];
  if (value instanceof Map) return [...head(5, value.size), ...[...value].flatMap(([key, item]) => [...bytesOf(key), ...bytesOf(item as Cbor)])];
  if (Array.isArray(value)) return [...head(4, value.length), ...value.flatMap(bytesOf)];
  return [value === null ? 0xf6 : value ? 0xf5 : 0xf4];
}

function withHead(major: number, data: Uint8Array): number[] {
  return [...head(major, data.length), ...data];
}
