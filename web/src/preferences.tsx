/** Language, large type, light or dark, sound: the same choices on every page. */

import { type Theme, reader, readerChange, texts, useTexts } from "./language";
import { play, soundOn, soundWake } from "./signal";
import { signOf } from "./states";
import { useStore } from "./store";
import { Icon } from "./ui";

const TEXTS = texts(
  { title: "显示", elder: "大字版", elderHint: "字更大、更粗，单列显示", theme: "外观", system: "跟随系统", light: "浅色", dark: "深色", language: "语言 Language", sound: "声音", soundHint: "结果同时用声音和振动提示" },
  { title: "Display", elder: "Large type", elderHint: "Larger and bolder, in one column", theme: "Appearance", system: "As the system", light: "Light", dark: "Dark", language: "Language 语言", sound: "Sound", soundHint: "Results are also told by sound and vibration" },
);

export function LanguageSwitch() {
  const { lang } = useStore(reader);
  const other = lang === "zh" ? "en" : "zh";
  return (
    <button type="button" class="language" lang={other === "zh" ? "zh-CN" : "en"} onClick={() => readerChange({ lang: other })}>
      <Icon name="language" />{other === "zh" ? "中文" : "English"}
    </button>
  );
}

export function Preferences() {
  const t = useTexts(TEXTS);
  const { lang, elder, theme } = useStore(reader);
  const sound = useStore(soundOn);
  return (
    <section class="card preferences">
      <h2>{t.title}</h2>
      <label class="choice"><input type="checkbox" name="elder" checked={elder} onChange={(event) => readerChange({ elder: event.currentTarget.checked })} />
        <span>{t.elder}<span class="hint">{t.elderHint}</span></span></label>
      <label class="choice"><input type="checkbox" name="sound" checked={sound} onChange={(event) => {
        soundOn.set(event.currentTarget.checked);
        soundWake();
        setTimeout(() => play(signOf("green").sound), 60);
      }} /><span>{t.sound}<span class="hint">{t.soundHint}</span></span></label>
      <div class="field"><label for="pref-theme">{t.theme}</label>
        <select id="pref-theme" value={theme} onChange={(event) => readerChange({ theme: event.currentTarget.value as Theme })}>
          <option value="system">{t.system}</option><option value="light">{t.light}</option><option value="dark">{t.dark}</option>
        </select></div>
      <div class="field"><label for="pref-language">{t.language}</label>
        <select id="pref-language" value={lang} onChange={(event) => readerChange({ lang: event.currentTarget.value === "en" ? "en" : "zh" })}>
          <option value="zh">中文</option><option value="en">English</option>
        </select></div>
    </section>
  );
}
