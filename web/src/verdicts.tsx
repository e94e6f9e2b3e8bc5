/** What happens at a gate, in words: the verdict, the one condition that failed, and what to do next. */

import { type Language, texts, useLanguage, useTexts } from "./language";
import type { Verdict } from "./edge";
import { signWord } from "./states";

const WORDS: Readonly<Record<Verdict, Readonly<Record<Language, string>>>> = {
  pass: { zh: "通行", en: "Pass" },
  pass_with_register: { zh: "登记后通行", en: "Register, then pass" },
  do_not_pass: { zh: "不予通行", en: "Do not pass" },
  buffer_entrance: { zh: "走发热/缓冲通道", en: "Use the buffer entrance" },
  use_id_card: { zh: "请改用身份证", en: "Use the ID card" },
};

/** A verdict has its own shape and hue, because a green code may still not pass and a grey one may. */
const SIGNS: Readonly<Record<Verdict, readonly [hue: string, shape: string]>> = {
  pass: ["green", "circle-check"],
  pass_with_register: ["blue", "diamond-dot"],
  do_not_pass: ["red", "octagon-cross"],
  buffer_entrance: ["orange", "hexagon-dots"],
  use_id_card: ["grey", "square-back"],
};

export function verdictWord(verdict: string, lang: Language): string {
  return (WORDS as Readonly<Record<string, Readonly<Record<Language, string>>>>)[verdict]?.[lang] ?? WORDS.pass_with_register[lang];
}

export function verdictSign(verdict: string): readonly [hue: string, shape: string] {
  return (SIGNS as Readonly<Record<string, readonly [string, string]>>)[verdict] ?? SIGNS.pass_with_register;
}

const REASONS = texts(
  {
    ok: "", color: "当前状态是{color}", test_age: "最近一次核酸阴性超过了本场所的时限", test_missing: "没有查到核酸阴性记录",
    expired: "码已过期。请对方刷新健康码，或出示身份证。", recalled: "这个码已停用。请对方重新打开健康码，或出示身份证。",
    forged: "不是本省健康码。请出示身份证。", absent: "没有申领健康码。凭有效证件登记后通行，不得拒绝。",
    unknown: "系统查不到状态。凭有效证件登记后通行，不得拒绝。", stale: "数据超过时限。登记后通行。",
    failed: "系统出错。登记后通行。", timeout: "系统没有及时应答。登记后通行。", offline_paper: "离线时纸质码只核真伪。登记后通行。",
    offline_live: "现在没有网络，查不了普通健康码。请对方点“出示离线码”再扫，或凭身份证登记后通行。", offline_none: "本机没有离线数据，查不了。凭身份证登记后通行，不得拒绝。",
    offline_stale: "离线数据已超过时限，查不了。凭身份证登记后通行，不得拒绝。", offline_clock: "本机时间被调回过，查不了。请校准时间并联网；此前凭身份证登记后通行，不得拒绝。",
    offline_test: "颜色符合；离线查不到核酸时间。请登记后通行，不得拒绝。",
    buffer: "医疗机构不拒绝任何人：请引导走发热/缓冲通道。",
    document_limited: "本设备查验证件已达上限，一小时内请登记后放行。", document_unavailable: "暂时查不了证件。登记后放行。",
    wrong_region: "这是其他地区的健康码。请出示身份证，登记后通行。", not_yet: "这个码的时间还没到。请对方校准手机时间，或出示身份证。", update_needed: "这个码的版本较新，请刷新本页面后再扫。",
  },
  {
    ok: "", color: "The state now is {color}", test_age: "The last negative test is older than this place asks", test_missing: "No negative test on record",
    expired: "The code has expired. Ask to refresh it, or for an ID card.", recalled: "This code is out of use. Ask to open the code again, or for an ID card.",
    forged: "Not a health code of this province. Ask for an ID card.", absent: "No code was applied for. Register with an ID document and let pass; do not refuse.",
    unknown: "The system knows no state. Register with an ID document and let pass; do not refuse.", stale: "The data is too old. Register and let pass.",
    failed: "The system failed. Register and let pass.", timeout: "No answer in time. Register and let pass.", offline_paper: "Offline, paper proves only that it is genuine. Register and let pass.",
    offline_live: "Without network an ordinary code cannot be checked. Ask to tap “Show offline pass” and scan again, or register by ID card and let pass.", offline_none: "This device holds no offline data. Register by ID card and let pass; do not refuse.",
    offline_stale: "The offline data is beyond its limit. Register by ID card and let pass; do not refuse.", offline_clock: "This device's clock went back. Set it right and connect; until then register by ID card and let pass; do not refuse.",
    offline_test: "The color is right; the test's age cannot be known offline. Register and let pass; do not refuse.",
    buffer: "A medical place refuses nobody: show the way to the fever or buffer entrance.",
    document_limited: "This device has checked too many documents. Register and let pass until the hour is over.", document_unavailable: "Documents cannot be checked now. Register and let pass.",
    wrong_region: "This is another region's health code. Ask for an ID card, register and let pass.", not_yet: "This code's time has not come. Ask to correct the phone's clock, or for an ID card.", update_needed: "This code is of a newer version. Reload this page and scan again.",
  },
);

export interface Judged {
  readonly outcome: string;
  readonly verdict: string;
  readonly reason: string;
}

/** The sentences that stand under a verdict; the first one is the condition that failed. */
export function useReason(): (judged: Judged) => string[] {
  const t = useTexts(REASONS);
  const lang = useLanguage();
  return ({ outcome, verdict, reason }) => {
    const key = reason.replace(/^(code|system|medical)_/, "");
    const known = (t as Record<string, string>)[key];
    const said = reason.startsWith("color_") ? t.color.replace("{color}", signWord(outcome, lang)) : known ?? (verdict === "pass" ? "" : (t as Record<string, string>)[outcome] ?? "");
    return [said, verdict === "buffer_entrance" ? t.buffer : ""].filter(Boolean);
  };
}
