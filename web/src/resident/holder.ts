/**
 * The phone's own key: P-256, made here, never extractable. A session bound to it is of no use on another phone.
 *
 * Where the browser has no WebCrypto or no database (old or private browsing) the session is simply not bound.
 */

import { base64urlEncode } from "../codes/base45";

const DATABASE = "healthcode";
const STORE = "keys";
const NAME = "holder";

export interface HolderProof {
  readonly key: string;
  readonly at_minute: number;
  readonly signature: string;
}

function done<T>(request: IDBRequest<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });
}

async function database(): Promise<IDBDatabase> {
  const opening = indexedDB.open(DATABASE, 1);
  opening.onupgradeneeded = () => opening.result.createObjectStore(STORE);
  return done(opening);
}

async function keyKept(): Promise<CryptoKeyPair | null> {
  const found: unknown = await done((await database()).transaction(STORE).objectStore(STORE).get(NAME));
  return (found as CryptoKeyPair | undefined) ?? null;
}

async function keyMade(): Promise<CryptoKeyPair> {
  const pair = await crypto.subtle.generateKey({ name: "ECDSA", namedCurve: "P-256" }, false, ["sign", "verify"]);
  await done((await database()).transaction(STORE, "readwrite").objectStore(STORE).put(pair, NAME));
  return pair;
}

function base64(bytes: ArrayBuffer): string {
  return btoa(String.fromCharCode(...new Uint8Array(bytes)));
}

/** The thumbprint that a new session is bound to: base64url of SHA-256 of the public point; null where there is no key. */
export async function holderThumb(): Promise<string | null> {
  try {
    const pair = (await keyKept()) ?? (await keyMade());
    const point = await crypto.subtle.exportKey("raw", pair.publicKey);
    return base64urlEncode(new Uint8Array(await crypto.subtle.digest("SHA-256", point)));
  } catch {
    return null;
  }
}

/** The key and its public point (base64url); null where there is none. */
export async function holderKey(): Promise<{ readonly pair: CryptoKeyPair; readonly point: string } | null> {
  try {
    const pair = await keyKept();
    if (!pair) return null;
    return { pair, point: base64urlEncode(new Uint8Array(await crypto.subtle.exportKey("raw", pair.publicKey))) };
  } catch {
    return null;
  }
}

/** Proves that `session` is used on this phone, in this minute; null where it has no key. */
export async function holderProof(session: string, serverNow: number): Promise<HolderProof | null> {
  try {
    const pair = await keyKept();
    if (!pair) return null;
    const at = Math.floor(serverNow / 60_000);
    const message = new TextEncoder().encode(`codes.${at}.${session}`);
    const signature = await crypto.subtle.sign({ name: "ECDSA", hash: "SHA-256" }, pair.privateKey, message);
    return { key: base64(await crypto.subtle.exportKey("raw", pair.publicKey)), at_minute: at, signature: base64(signature) };
  } catch {
    return null;
  }
}

/** Forgets the key, so that nothing of the person stays on the phone. */
export async function holderForget(): Promise<void> {
  try {
    await done((await database()).transaction(STORE, "readwrite").objectStore(STORE).delete(NAME));
  } catch {
    /* there was none */
  }
}
