/** Chinese first, English complete; and the two other choices a reader makes once: large type, light or dark. */

import { Store, keep, kept, useStore } from "./store";

export type Language = "zh" | "en";
export type Theme = "system" | "light" | "dark";

export interface Reader {
  readonly lang: Language;
  readonly elder: boolean;
  readonly theme: Theme;
}

/** A text in both languages, as the color configuration and the explanations deliver it. */
export type Both = Readonly<Record<Language, string>>;

function readerStart(): Reader {
  const saved = kept<Partial<Reader>>("hc.reader") ?? {};
  const asked = new URLSearchParams(location.search).get("lang");
  const readsChinese = !navigator.languages?.length || navigator.languages.some((tag) => tag.startsWith("zh"));
  const lang = asked === "en" || asked === "zh" ? asked : saved.lang ?? (readsChinese ? "zh" : "en");
  return { lang, elder: saved.elder ?? false, theme: saved.theme ?? "system" };
}

export const reader = new Store<Reader>(readerStart());

function readerApply(value: Reader): void {
  const root = document.documentElement;
  root.lang = value.lang === "zh" ? "zh-CN" : "en";
  root.toggleAttribute("data-elder", value.elder);
  if (value.theme === "system") root.removeAttribute("data-theme");
  else root.setAttribute("data-theme", value.theme);
}

readerApply(reader.get());
reader.watch((value) => {
  keep("hc.reader", value);
  readerApply(value);
});

export function readerChange(change: Partial<Reader>): void {
  reader.set({ ...reader.get(), ...change });
}

/** Declares the texts of one page. Both languages must have the same keys: the compiler is the test. */
export function texts<K extends string>(zh: Record<K, string>, en: Record<NoInfer<K>, string>): Record<Language, Record<K, string>> {
  return { zh, en };
}

/** The texts of a page in the reader's language; the component follows when the language changes. */
export function useTexts<K extends string>(both: Record<Language, Record<K, string>>): Record<K, string> {
  return both[useStore(reader).lang];
}

export function useLanguage(): Language {
  return useStore(reader).lang;
}

/** `fill("{n} 人", { n: 3 })` → `3 人`. */
export function fill(text: string, values: Readonly<Record<string, string | number>>): string {
  return text.replace(/\{(\w+)\}/g, (whole, key: string) => String(values[key] ?? whole));
}

/** Picks one language of a delivered text; a text that came in one language only is shown as it is. */
export function pick(text: Both | string | null | undefined, lang: Language): string {
  if (!text) return "";
  return typeof text === "string" ? text : text[lang] || text.zh || text.en;
}
