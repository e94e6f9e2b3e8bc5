/** Instants as people read them: always in the time of the region, whatever the phone's zone says. */

import type { Language } from "./language";

const ZONE = "Asia/Shanghai";
const MINUTE = 60_000;
const DAY = 1440 * MINUTE;
const LOCALE = { zh: "zh-CN", en: "en-GB" } as const;

function format(at: number, lang: Language, options: Intl.DateTimeFormatOptions): string {
  return new Intl.DateTimeFormat(LOCALE[lang], { timeZone: ZONE, hourCycle: "h23", ...options }).format(at);
}

/** 18:04:31 */
export function clockText(at: number): string {
  return format(at, "en", { hour: "2-digit", minute: "2-digit", second: "2-digit" });
}

/** 11月23日 星期一 · Monday 23 November */
export function dayText(at: number, lang: Language): string {
  return format(at, lang, { weekday: "long", day: "numeric", month: "long" });
}

/** 11月23日 · 23 Nov */
export function dateText(at: number, lang: Language): string {
  return format(at, lang, lang === "zh" ? { month: "long", day: "numeric" } : { day: "numeric", month: "short" });
}

/** 11月23日 18:04; the midnight that ends a day is written as that day's 24:00, as public notices do. */
export function momentText(at: number, lang: Language): string {
  const time = format(at, "en", { hour: "2-digit", minute: "2-digit" });
  if (time === "00:00") return `${dateText(at - MINUTE, lang)} 24:00`;
  return `${dateText(at, lang)} ${time}`;
}

/** When something began: a midnight is the beginning of its day. */
export function sinceText(at: number, lang: Language): string {
  const time = format(at, "en", { hour: "2-digit", minute: "2-digit" });
  return time === "00:00" ? dateText(at, lang) : `${dateText(at, lang)} ${time}`;
}

/** How long ago, in the largest unit that says enough: 6 分钟, 18 小时, 3 天. */
export function spanText(ms: number, lang: Language): string {
  const whole = Math.max(0, ms);
  if (whole < MINUTE) return lang === "zh" ? `${Math.floor(whole / 1000)} 秒` : `${Math.floor(whole / 1000)} s`;
  if (whole < 90 * MINUTE) return lang === "zh" ? `${Math.floor(whole / MINUTE)} 分钟` : `${Math.floor(whole / MINUTE)} min`;
  if (whole < 2 * DAY) return lang === "zh" ? `${Math.floor(whole / (60 * MINUTE))} 小时` : `${Math.floor(whole / (60 * MINUTE))} h`;
  return lang === "zh" ? `${Math.floor(whole / DAY)} 天` : `${Math.floor(whole / DAY)} days`;
}

/** Reads what the APIs deliver: RFC 3339 text, whole minutes since 1970 (small numbers) or milliseconds. */
export function momentRead(value: string | number | null | undefined): number | null {
  if (value === null || value === undefined || value === "") return null;
  if (typeof value === "number") return value < 1e10 ? value * MINUTE : value;
  const at = Date.parse(value);
  return Number.isNaN(at) ? null : at;
}
