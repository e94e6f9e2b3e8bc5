/**
 * How a state looks, sounds and feels. Colors come from the color configuration of the province; what is no color
 * (expired, unknown, …) is grey, each with its own shape, word and advice.
 */

import type { Both, Language } from "./language";
import { pick } from "./language";

export interface Sign {
  readonly id: string;
  readonly word: Both;
  readonly shape: string;
  readonly hue: string;
  readonly sound: readonly Tone[];
  /** Milliseconds on, off, on … */
  readonly vibration: readonly number[];
}

/** One tone: pitch in Hz (0 is silence), length in ms. */
export interface Tone {
  readonly hz: number;
  readonly ms: number;
}

const HIGH: readonly Tone[] = [{ hz: 1320, ms: 160 }];
const TWO: readonly Tone[] = [{ hz: 780, ms: 150 }, { hz: 0, ms: 70 }, { hz: 780, ms: 150 }];
const LOW: readonly Tone[] = [{ hz: 220, ms: 700 }];
const SHORT: readonly Tone[] = [{ hz: 520, ms: 90 }, { hz: 0, ms: 60 }, { hz: 440, ms: 120 }];

function sign(id: string, hue: string, shape: string, zh: string, en: string, sound = SHORT, vibration: readonly number[] = [60, 60, 60]): Sign {
  return { id, hue, shape, word: { zh, en }, sound, vibration };
}

/** Until the configuration has arrived: the three colors of Art. 14. */
const COLORS_START: readonly Sign[] = [
  sign("green", "green", "circle-check", "绿码", "Green", HIGH, [80]),
  sign("yellow", "yellow", "triangle-bar", "黄码", "Yellow", TWO, [150, 80, 150]),
  sign("red", "red", "octagon-cross", "红码", "Red", LOW, [600]),
];

const GREYS: readonly Sign[] = [
  sign("expired", "grey", "square-hourglass", "码已过期", "Expired"),
  sign("absent", "grey", "circle-dashed", "未申领", "No code"),
  sign("unknown", "grey", "square-question", "状态未知", "Unknown"),
  sign("recalled", "grey", "square-back", "码已作废", "Recalled"),
  sign("forged", "grey", "square-alert", "不是本省的码", "Not genuine"),
  sign("stale", "grey", "square-signal", "数据过旧", "Data too old"),
  sign("failed", "grey", "square-gap", "查验失败", "Check failed"),
  sign("timeout", "grey", "square-hourglass", "查验超时", "Timed out"),
];

/** The hues and shapes that this page can draw; an unknown one falls back to grey and a question. */
const table = new Map<string, Sign>([...COLORS_START, ...GREYS].map((one) => [one.id, one]));

/** What the edge delivers as one color; every part but the id may be missing. */
export interface ColorDelivered {
  readonly id: string;
  readonly word?: Both | string;
  readonly shape?: string;
  readonly hue?: string | Readonly<Record<string, string>>;
  readonly sound?: string | readonly Tone[];
  readonly vibration?: readonly number[] | string;
}

const SOUNDS: Readonly<Record<string, readonly Tone[]>> = { high_tone: HIGH, two_tones: TWO, long_low_tone: LOW, short_tones: SHORT };

function soundRead(given: ColorDelivered["sound"], known: Sign | undefined): readonly Tone[] {
  if (Array.isArray(given) && given.every((tone: Tone) => typeof tone.hz === "number" && typeof tone.ms === "number")) return given as Tone[];
  return SOUNDS[String(given)] ?? known?.sound ?? SHORT;
}

/** Takes over the colors of the province. Anything not understood keeps a safe default, never another state's look. */
export function colorsLearn(colors: readonly ColorDelivered[] | undefined): void {
  for (const color of colors ?? []) {
    const known = table.get(color.id);
    const word = typeof color.word === "string" ? { zh: color.word, en: color.word } : color.word;
    table.set(color.id, {
      id: color.id,
      word: word ?? known?.word ?? { zh: color.id, en: color.id },
      shape: color.shape?.replace(/_/g, "-") ?? known?.shape ?? "square-question",
      hue: typeof color.hue === "string" ? color.hue : color.hue?.["name"] ?? known?.hue ?? "grey",
      sound: soundRead(color.sound, known),
      vibration: Array.isArray(color.vibration) ? (color.vibration as number[]) : known?.vibration ?? [120],
    });
  }
}

/** The look of an outcome or color. */
export function signOf(id: string): Sign {
  return table.get(id) ?? { ...(table.get("unknown") as Sign), id };
}

export function signWord(id: string, lang: Language): string {
  return pick(signOf(id).word, lang);
}
