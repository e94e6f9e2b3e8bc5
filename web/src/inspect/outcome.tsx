/** One outcome over the whole screen: shape, verdict, who, and the one condition that failed. */

import { fill, pick, texts, useLanguage, useTexts } from "../language";
import { spanText } from "../moments";
import { type Sign, type Tone, signOf } from "../states";
import { ShapeSign, State } from "../ui";
import { useReason, verdictSign, verdictWord } from "../verdicts";
import type { Shown } from "./post";

const TEXTS = texts(
  { age: "核酸 {n} 小时", unknownPerson: "未识别身份", held: "已停住，点按继续", hold: "点按停住", paper: "本次未存下，请纸质登记", kept: "已存在本机，联网后自动上传", offline: "离线查验，依据 {age}前的数据" },
  { age: "test {n} h old", unknownPerson: "Person not identified", held: "Held. Tap to go on", hold: "Tap to hold", paper: "Not stored: register on paper", kept: "Kept on this device, sent when online", offline: "Checked offline, by data {age} old" },
);

const WARNING: readonly Tone[] = [{ hz: 780, ms: 150 }, { hz: 0, ms: 70 }, { hz: 780, ms: 150 }];

/** The hue and shape that fill the screen: the color's own, unless a color that passes elsewhere does not pass here. */
export function screenSign(shown: Shown): Pick<Sign, "hue" | "shape" | "sound" | "vibration"> {
  const sign = signOf(shown.outcome);
  if (shown.verdict === "pass" || shown.reason.startsWith("color_")) return sign;
  const [hue, shape] = verdictSign(shown.verdict);
  const failedHere = shown.reason.startsWith("test_");
  return { hue, shape, sound: failedHere ? WARNING : sign.sound, vibration: failedHere ? [150, 80, 150] : sign.vibration };
}

export function OutcomeScreen({ shown, held, tap }: { readonly shown: Shown; readonly held: boolean; readonly tap: () => void }) {
  const t = useTexts(TEXTS);
  const lang = useLanguage();
  const reason = useReason();
  const sign = screenSign(shown);
  const lines = shown.condition ? [pick(shown.condition, lang)] : reason(shown);
  return (
    <button type="button" class={`outcome ${held ? "held" : ""}`} data-hue={sign.hue} data-outcome={shown.outcome} data-verdict={shown.verdict} onClick={tap}>
      <ShapeSign name={sign.shape} size="huge" />
      <span class="verdict-word" role="alert">{verdictWord(shown.verdict, lang)}</span>
      <span class="who">{shown.masked_name ?? t.unknownPerson}<State id={shown.outcome} />{shown.test_age_h === null ? null : <span>{fill(t.age, { n: shown.test_age_h })}</span>}</span>
      {lines.map((line) => <span class="why" key={line}>{line}</span>)}
      {shown.notices.map((notice) => <span class="why" key={pick(notice, lang)}>{pick(notice, lang)}</span>)}
      {shown.offlineMs === undefined ? null : <span class="why">{fill(t.offline, { age: spanText(shown.offlineMs, lang) })}</span>}
      {shown.visit === "kept" ? <span class="why">{t.kept}</span> : null}
      {shown.visit === "not_stored" ? <span class="why">{t.paper}</span> : null}
      <small>{held ? t.held : t.hold}</small>
      <i class="countdown" aria-hidden="true" />
    </button>
  );
}
