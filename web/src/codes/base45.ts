/** Base45 (RFC 9285) and base64url without padding, each in its one form. */

import { Refusal } from "./refusal";

const ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ $%*+-./:";

export function base45Encode(data: Uint8Array): string {
  let text = "";
  for (let at = 0; at < data.length; at += 2) {
    const pair = at + 1 < data.length;
    let value = pair ? ((data[at] ?? 0) << 8) | (data[at + 1] ?? 0) : (data[at] ?? 0);
    for (let count = pair ? 3 : 2; count > 0; count -= 1) {
      text += ALPHABET.charAt(value % 45);
      value = Math.floor(value / 45);
    }
  }
  return text;
}

export function base45Decode(text: string): Uint8Array {
  if (text.length % 3 === 1) throw new Refusal("unreadable");
  const data: number[] = [];
  for (let at = 0; at < text.length; at += 3) {
    const group = [...text.slice(at, at + 3)].map((letter) => ALPHABET.indexOf(letter));
    if (group.includes(-1)) throw new Refusal("unreadable");
    const value = group.reduce((sum, digit, place) => sum + digit * 45 ** place, 0);
    if (value > (group.length === 3 ? 0xffff : 0xff)) throw new Refusal("unreadable");
    if (group.length === 3) data.push(value >> 8);
    data.push(value & 0xff);
  }
  return Uint8Array.from(data);
}

export function base64urlEncode(data: Uint8Array): string {
  return btoa(String.fromCharCode(...data)).replace(/\+/g, "-").replace(/\//g, "_").replace(/=+$/, "");
}

export function base64urlDecode(text: string): Uint8Array {
  if (!/^[\w-]*$/.test(text) || text.length % 4 === 1) throw new Refusal("unreadable");
  const data = Uint8Array.from(atob(text.replace(/-/g, "+").replace(/_/g, "/")), (letter) => letter.charCodeAt(0));
  if (base64urlEncode(data) !== text) throw new Refusal("unreadable");
  return data;
}

/** The bytes of a QR text behind its prefix; another digit in the prefix means a later release. */
export function textOpen(text: string, prefix: string, longest: number): Uint8Array {
  if (!text.startsWith(prefix)) throw new Refusal(text.startsWith(prefix.slice(0, 2)) && text.slice(2, 6).includes(":") ? "update_needed" : "unreadable");
  const data = base45Decode(text.slice(prefix.length));
  if (data.length > longest) throw new Refusal("unreadable");
  return data;
}
