/**
 * The color configuration of the province: asked for once in a while, kept on the phone, and turned into style rules.
 *
 * A configured hue names CSS colors by use (`solid`, `soft`, `text`) for a light page. What it does not name (ink on
 * it, its edge, the dark page) is derived here so that contrast holds for any hue.
 */

import { ask } from "./http";
import { type ColorDelivered, colorsLearn } from "./states";
import { Store, keep, kept } from "./store";

type Rgb = readonly [number, number, number];
type Hue = Readonly<Record<string, string>>;

const WHITE: Rgb = [255, 255, 255];
const INK: Rgb = [29, 37, 39];
const DARK_CARD: Rgb = [27, 35, 37];
const LIGHT_CARD: Rgb = [255, 254, 251];

function rgbRead(text: string | undefined): Rgb | null {
  const found = /^#([0-9a-f]{2})([0-9a-f]{2})([0-9a-f]{2})$/i.exec((text ?? "").trim());
  return found ? [parseInt(found[1] ?? "", 16), parseInt(found[2] ?? "", 16), parseInt(found[3] ?? "", 16)] : null;
}

function luminance(color: Rgb): number {
  const [r, g, b] = color.map((value) => (value <= 10 ? value / 3294 : ((value / 255 + 0.055) / 1.055) ** 2.4)) as [number, number, number];
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
}

/** WCAG 2.2 contrast ratio of two colors, 1 to 21. */
export function contrast(one: Rgb, other: Rgb): number {
  const [low, high] = [luminance(one), luminance(other)].sort((a, b) => a - b) as [number, number];
  return (high + 0.05) / (low + 0.05);
}

function mix(one: Rgb, other: Rgb, part: number): Rgb {
  return one.map((value, i) => Math.round(value + ((other[i] ?? 0) - value) * part)) as unknown as Rgb;
}

/** `color`, moved towards `to` until its contrast against `ground` reaches `ratio`. */
function readable(color: Rgb, to: Rgb, ground: Rgb, ratio: number): Rgb {
  for (let part = 0; part < 1; part += 0.05) {
    const moved = mix(color, to, part);
    if (contrast(moved, ground) >= ratio) return moved;
  }
  return to;
}

const css = (color: Rgb) => `rgb(${color.join(" ")})`;

/** The style rules of one configured hue, for the light and the dark page; empty where `solid` cannot be read. */
export function hueRules(name: string, hue: Hue): string {
  const solid = rgbRead(hue["solid"]);
  if (!solid) return "";
  const on = contrast(solid, WHITE) >= 4.5 ? WHITE : INK;
  const soft = rgbRead(hue["soft"]) ?? mix(solid, LIGHT_CARD, 0.88);
  const text = readable(rgbRead(hue["text"]) ?? solid, INK, soft, 4.6);
  const edge = contrast(solid, LIGHT_CARD) >= 3 ? solid : text;
  const darkSoft = mix(solid, DARK_CARD, 0.75);
  const dark = readable(solid, WHITE, darkSoft, 4.6);
  const both = `--hue:${css(solid)};--hue-on:${css(on)};`;
  const light = `--hue-edge:${css(edge)};--hue-text:${css(text)};--hue-soft:${css(soft)};`;
  const night = `--hue-edge:${css(dark)};--hue-text:${css(dark)};--hue-soft:${css(darkSoft)};`;
  const at = `[data-hue="${CSS.escape(name)}"]`;
  const derived = `${at}{${light}}@media(prefers-color-scheme:dark){:root:not([data-theme="light"]) ${at}{${night}}}:root[data-theme="dark"] ${at}{${night}}`;
  return `${at}{${both}}@media not (forced-colors:active){${derived}}`;
}

/** Null in browsers that cannot make one (before 2019, Safari before 2023): the hues of the stylesheet remain. */
const sheet = "adoptedStyleSheets" in document ? new CSSStyleSheet() : null;

function colorsApply(colors: readonly ColorDelivered[]): void {
  if (!sheet) return colorsLearn(colors);
  const styled = colors.filter((color) => typeof color.hue === "object" && rgbRead(color.hue["solid"]));
  const rules = styled.map((color) => hueRules(`color-${color.id}`, color.hue as Hue)).join("");
  sheet.replaceSync(rules);
  colorsLearn(colors.map((color) => (styled.includes(color) ? { ...color, hue: `color-${color.id}` } : color)));
  colorsVersion.set(colorsVersion.get() + 1);
}

/** Counts up when the configuration has changed. */
export const colorsVersion = new Store(0);

interface Kept {
  readonly etag: string | null;
  readonly colors: readonly ColorDelivered[];
}

/** Takes the kept configuration at once, then asks whether there is a newer one. */
export async function colorsAsk(): Promise<void> {
  if (sheet) document.adoptedStyleSheets = [...document.adoptedStyleSheets, sheet];
  const held = kept<Kept>("hc.colors");
  if (held) colorsApply(held.colors);
  try {
    const answer = await ask<{ colors: readonly ColorDelivered[] } | null>("/v1/colors", held?.etag ? { headers: { "If-None-Match": held.etag } } : {});
    if (!answer.body?.colors.length) return;
    keep("hc.colors", { etag: answer.etag, colors: answer.body.colors });
    colorsApply(answer.body.colors);
  } catch {
    /* offline: the kept configuration, or the three colors of Art. 14, remain */
  }
}
