/** What the offices did with the person's data (T4): who looked, what was decided, which tests are known. */

import { useState } from "preact/hooks";
import { Problem, ask } from "../http";
import { type Both, fill, pick, texts, useLanguage, useTexts } from "../language";
import { momentText } from "../moments";
import { ProblemMessage, State } from "../ui";

const TEXTS = texts(
  {
    told: "收到的通知", noTold: "还没有通知。", wantTexts: "颜色变化时给我发短信", wantHint: "红码一律短信告知；所有通知都在本页。", unsent: "短信未送达", looks: "谁看过、动过我的信息", noLooks: "没有工作人员查看过您的信息。", why: "事由：{text}", decisions: "判定经过", noDecisions: "还没有判定。", by: "规则：{rules} · {ruleset}",
    tests: "核酸检测", noTests: "没有检测记录。", negative: "阴性", positive: "阳性", pending: "结果待出", sampled: "采样 {time}", mixed: "{n} 人混采",
  },
  {
    told: "What I was told", noTold: "Nothing yet.", wantTexts: "Send me a text when my color changes", wantHint: "Red is always said by text. Every notice stands here.", unsent: "the text did not go out", looks: "Who looked at my data", noLooks: "No officer has looked at your data.", why: "Purpose: {text}", decisions: "Decisions", noDecisions: "None yet.", by: "Rules: {rules} · {ruleset}",
    tests: "Tests", noTests: "No test on record.", negative: "Negative", positive: "Positive", pending: "Result pending", sampled: "sampled {time}", mixed: "pooled, {n} people",
  },
);

export interface Mine {
  readonly masked_name: string;
  readonly masked_document: string;
  readonly masked_phone: string;
  readonly residence: (Both & { readonly code: string }) | null;
  readonly looks: readonly { readonly at_minute: number; readonly office: Both | null; readonly post: Both | null; readonly what: Both; readonly purpose: string }[];
  readonly decisions: readonly { readonly id: string; readonly at_minute: number; readonly color: string; readonly rules: readonly string[]; readonly ruleset: string; readonly decided_in: Both | null }[];
  /** Missing where control is of an earlier release: pages are upgraded first. */
  readonly told?: readonly (Both & { readonly at_minute: number; readonly kind: string; readonly state: string })[];
  readonly texts?: boolean;
  readonly tests: readonly { readonly sampled_minute: number; readonly result: string | null; readonly pool_size: number; readonly source: string }[];
}

/** Asks control; null where it cannot answer now or the sign-in is older than a day. */
export async function mineAsk(): Promise<Mine | null> {
  try {
    return (await ask<Mine>("/api/people/me")).body;
  } catch (error) {
    if (error instanceof Problem) return null;
    throw error;
  }
}

/** The one choice about texts: kept at once, put back where it could not be kept. */
function Texts({ wanted }: { readonly wanted: boolean }) {
  const t = useTexts(TEXTS);
  const [on, setOn] = useState(wanted);
  const [problem, setProblem] = useState<Problem | null>(null);
  const choose = async (texts: boolean) => {
    setOn(texts);
    setProblem(null);
    try {
      await ask("/api/notices/choice", { method: "POST", body: { texts } });
    } catch (error) {
      if (!(error instanceof Problem)) throw error;
      setOn(!texts);
      setProblem(error);
    }
  };
  return (
    <>
      <label class="choice"><input type="checkbox" checked={on} onChange={(event) => void choose(event.currentTarget.checked)} /> {t.wantTexts}</label>
      <p class="quiet small">{t.wantHint}</p>
      <ProblemMessage problem={problem} />
    </>
  );
}

export function Records({ mine }: { readonly mine: Mine }) {
  const t = useTexts(TEXTS);
  const lang = useLanguage();
  const at = (minute: number) => momentText(minute * 60_000, lang);
  const results: Readonly<Record<string, string>> = { negative: t.negative, positive: t.positive };
  return (
    <section class="card records">
      <details open={Boolean(mine.told?.length)}><summary>{t.told}</summary>
        {mine.told?.length ? <ol class="history">{mine.told.map((one) => (
          <li key={`${one.at_minute}-${one.kind}`}><time>{at(one.at_minute)}</time>{pick(one, lang)}
            {one.state === "failed" || one.state === "unreachable" ? <span class="hint">{t.unsent}</span> : null}</li>
        ))}</ol> : <p class="quiet">{t.noTold}</p>}
        {mine.texts === undefined ? null : <Texts wanted={mine.texts} />}
      </details>
      <details><summary>{t.looks}</summary>
        {mine.looks.length ? <ol class="history">{mine.looks.map((look) => (
          <li key={`${look.at_minute}-${look.what.en}`}><time>{at(look.at_minute)}</time>{[pick(look.office, lang), pick(look.post, lang)].filter(Boolean).join(" · ")}<br />{pick(look.what, lang)}
            {look.purpose ? <span class="hint">{fill(t.why, { text: look.purpose })}</span> : null}</li>
        ))}</ol> : <p class="quiet">{t.noLooks}</p>}
      </details>
      <details><summary>{t.decisions}</summary>
        {mine.decisions.length ? <ol class="history">{mine.decisions.map((one) => (
          <li key={one.id}><time>{at(one.at_minute)}</time><State id={one.color} /> {pick(one.decided_in, lang)}
            <span class="hint">{fill(t.by, { rules: one.rules.join(", ") || "—", ruleset: one.ruleset })}</span></li>
        ))}</ol> : <p class="quiet">{t.noDecisions}</p>}
      </details>
      <details><summary>{t.tests}</summary>
        {mine.tests.length ? <ol class="history">{mine.tests.map((test) => (
          <li key={test.sampled_minute}><strong>{results[test.result ?? ""] ?? t.pending}</strong> {fill(t.sampled, { time: at(test.sampled_minute) })}
            <span class="hint">{[test.pool_size > 1 ? fill(t.mixed, { n: test.pool_size }) : "", test.source].filter(Boolean).join(" · ")}</span></li>
        ))}</ol> : <p class="quiet">{t.noTests}</p>}
      </details>
    </section>
  );
}
