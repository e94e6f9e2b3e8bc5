/** Scanning a venue's code (V3): the visit is stored first, then the result is shown with the place to compare. */

import { useEffect, useState } from "preact/hooks";
import { type VisitAnswer, visitKey } from "../edge";
import { Problem, askAgain } from "../http";
import { fill, texts, useLanguage, useTexts } from "../language";
import { clockText } from "../moments";
import { signalSend, soundWake } from "../signal";
import { signOf } from "../states";
import { Heading, Icon, Message, ShapeSign, State, useProblemText } from "../ui";
import { useReason, verdictSign, verdictWord } from "../verdicts";
import { Viewfinder } from "../viewfinder";
import { session } from "./session";
import { serverNow } from "./showing";

const TEXTS = texts(
  {
    title: "扫场所码", aim: "把场所码放进框内", saving: "正在登记……", done: "已登记 {time}", again: "再扫一次", compare: "请核对：这是您现在所在的地方吗？",
    wrongPlace: "不是这里？这张码可能被人调换或转发。请告诉现场人员，或拨打 12345 举报。",
    foreign: "这不是场所码", foreignLink: "这个二维码通向 {host}，与健康码无关。请不要打开，也不要输入个人信息；可以告诉现场人员。",
    foreignText: "这个二维码不是本省场所码。请找印有“场所码”的海报或屏幕。", person: "这是个人健康码，不是场所码", personAdvice: "个人健康码由查验员来扫。您要扫的是场所的海报或屏幕。",
    notDone: "没有登记成功", weak: "这是张贴的场所码。", noScan: "扫不了？请现场人员扫您的健康码，或出示身份证登记，同样可以通行。", retry: "再试一次", why: "为什么，到什么时候",
  },
  {
    title: "Scan a venue code", aim: "Hold the venue code inside the frame", saving: "Recording …", done: "Recorded at {time}", again: "Scan again", compare: "Please compare: is this where you are?",
    wrongPlace: "Not here? The code may have been swapped or forwarded. Tell the staff, or report it on 12345.",
    foreign: "This is not a venue code", foreignLink: "This code leads to {host}, which has nothing to do with the health code. Do not open it and enter nothing; tell the staff.",
    foreignText: "This is not a venue code of this province. Look for the poster or screen that says venue code.", person: "This is a person's health code, not a venue's", personAdvice: "A person's code is scanned by the inspector. What you scan is the poster or the screen of the venue.",
    notDone: "Not recorded", weak: "This is a printed code.", noScan: "Cannot scan? Let the staff scan your code, or show your ID card and register: you pass just the same.", retry: "Try again", why: "Why, and until when",
  },
);

type Seen = { readonly kind: "venue"; readonly code: string } | { readonly kind: "link"; readonly host: string } | { readonly kind: "person" } | { readonly kind: "text" };

/** What a scanned text is, as far as a phone can tell; only a venue's code is ever sent anywhere. */
export function codeSort(text: string): Seen {
  if (/^H[LP]\d*:/.test(text)) return { kind: "person" };
  try {
    const link = new URL(text);
    if (link.pathname.replace(/\/$/, "") === "/v" && link.hash.length > 1) return { kind: "venue", code: text };
    return { kind: "link", host: link.host || link.protocol };
  } catch {
    return { kind: "text" };
  }
}

function Result({ answer, again }: { readonly answer: VisitAnswer; readonly again: () => void }) {
  const t = useTexts(TEXTS);
  const lang = useLanguage();
  const reason = useReason();
  const [hue, shape] = verdictSign(answer.verdict);
  return (
    <div class="page result" data-hue={hue} data-verdict={answer.verdict}>
      <section class="verdict" role="status">
        <ShapeSign name={shape} size="huge" />
        <h1 tabIndex={-1}>{verdictWord(answer.verdict, lang)}</h1>
        <p class="row"><span>{answer.masked_name}</span><State id={answer.outcome} /><time class="number">{clockText(answer.server_time_ms)}</time></p>
        {reason(answer).map((line) => <p key={line}>{line}</p>)}
      </section>
      <section class="card">
        <p class="quiet small">{t.compare}</p>
        <h2 class="venue-name">{answer.venue.name}{answer.venue.checkpoint_name ? ` · ${answer.venue.checkpoint_name}` : ""}</h2>
        <p><Icon name="place" /> {answer.venue.address}</p>
        <p class="quiet small"><Icon name="check" /> {fill(t.done, { time: clockText(answer.server_time_ms) })} {answer.grade === "static" ? t.weak : ""}</p>
      </section>
      {answer.verdict === "pass" ? null : <a class="button primary wide" href="#code">{t.why}</a>}
      <button type="button" class="button wide" onClick={again}><Icon name="scan" />{t.again}</button>
      <p class="quiet small">{t.wrongPlace}</p>
    </div>
  );
}

function Refused({ seen, problem, again }: { readonly seen: Seen; readonly problem: Problem | null; readonly again: () => void }) {
  const t = useTexts(TEXTS);
  const say = useProblemText();
  const [title, text] = problem ? [problem.title || t.notDone, say(problem)]
    : seen.kind === "link" ? [t.foreign, fill(t.foreignLink, { host: seen.host })]
      : seen.kind === "person" ? [t.person, t.personAdvice] : [t.foreign, t.foreignText];
  return (
    <div class="page">
      <Message hue="yellow" alert><h1>{title}</h1><p>{text}</p></Message>
      <button type="button" class="button primary wide" onClick={again}><Icon name="scan" />{t.retry}</button>
      <p class="quiet small">{t.noScan}</p>
    </div>
  );
}

/** Keeps one key for one scan, so that a repetition after a lost answer is never counted twice. */
async function visitSend(code: string): Promise<VisitAnswer> {
  const key = visitKey(serverNow());
  const { body } = await askAgain<VisitAnswer>("/v1/visits", { method: "POST", body: { key, code }, bearer: session.get()?.session ?? null });
  return body;
}

export function ScanPage({ pending, taken }: { readonly pending: string | null; readonly taken: () => void }) {
  const t = useTexts(TEXTS);
  const [seen, setSeen] = useState<Seen | null>(null);
  const [answer, setAnswer] = useState<VisitAnswer | null>(null);
  const [problem, setProblem] = useState<Problem | null>(null);
  const again = () => {
    soundWake();
    setSeen(null);
    setAnswer(null);
    setProblem(null);
  };

  const found = async (text: string) => {
    const sorted = codeSort(text);
    setSeen(sorted);
    if (sorted.kind !== "venue") return signalSend(signOf("failed"));
    try {
      const done = await visitSend(sorted.code);
      setAnswer(done);
      signalSend(signOf(done.outcome));
    } catch (error) {
      if (!(error instanceof Problem)) throw error;
      setProblem(error);
      signalSend(signOf("failed"));
    }
  };
  useEffect(() => {
    if (!pending) return;
    taken();
    void found(pending);
  }, [pending]);

  if (answer) return <Result answer={answer} again={again} />;
  if (seen && (problem || seen.kind !== "venue")) return <Refused seen={seen} problem={problem} again={again} />;
  return (
    <div class="page scan-page">
      <Heading>{t.title}</Heading>
      {seen ? <p class="card" role="status" aria-busy="true">{t.saving}</p> : <><Viewfinder found={(text) => void found(text)} /><p class="aim">{t.aim}</p></>}
      <p class="quiet small">{t.noScan}</p>
    </div>
  );
}
