/** Quick checks of what is typed, so that a slip is told at once; the server has the last word. */

export const KINDS = ["resident_id", "passport", "hk_macao_permit", "taiwan_permit", "foreign_pr"] as const;
export type Kind = (typeof KINDS)[number];

const WEIGHTS = [7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2];

/** GB 11643: the eighteenth character from the first seventeen. */
export function checkCharacter(first17: string): string {
  const sum = WEIGHTS.reduce((total, weight, i) => total + weight * Number(first17[i]), 0);
  return "10X98765432".charAt(sum % 11);
}

export function numberClean(text: string): string {
  return text.normalize("NFKC").replace(/[\s-]/g, "").toUpperCase();
}

export type Slip = "length" | "check" | null;

/** What is wrong with a typed number, as far as a phone can tell; null when it may be right. */
export function numberSlip(kind: Kind, text: string): Slip {
  const number = numberClean(text);
  if (kind !== "resident_id") return number.length >= 8 ? null : "length";
  if (!/^\d{17}[\dX]$/.test(number)) return "length";
  return checkCharacter(number.slice(0, 17)) === number[17] ? null : "check";
}

export function phoneClean(text: string): string {
  return text.normalize("NFKC").replace(/[\s-]/g, "").replace(/^(\+?86)(?=1\d{10}$)/, "");
}

export function phoneIsWhole(text: string): boolean {
  return /^1[3-9]\d{9}$/.test(phoneClean(text));
}
