/** The code itself (H3): who, when, the QR in the frame of its state, the state in words, and why it is so. */

import { useEffect, useState } from "preact/hooks";
import type { Ground, StateAnswer } from "../edge";
import type { Problem } from "../http";
import { type Language, fill, pick, texts, useLanguage, useTexts } from "../language";
import { clockText, dayText, momentText, sinceText, spanText } from "../moments";
import { QrCode } from "../qr";
import { canSpeak, speak } from "../signal";
import { signOf, signWord } from "../states";
import { useStore } from "../store";
import { Icon, Message, ShapeSign, State, useNow, useProblemText } from "../ui";
import { sessionForget, session } from "./session";
import { pass, passText } from "./pass";
import { codeOf, renew, renewalStart, showing, stateAt } from "./showing";

const TEXTS = texts(
  {
    qr: "{name}的健康码，供查验员扫描", renews: "{n} 秒后自动更新", fresh: "刚刚核对", ago: "{age}前核对", stale: "数据已有 {age}未更新",
    offline: "没有网络，显示的是 {time} 的状态", clockOff: "服务器时钟有偏差，好转的变更暂不生效",
    spentTitle: "二维码需要联网更新", spent: "请连上网络后重试。等不及时，出示身份证登记即可通行，任何场所不得因此拒绝。", retry: "立即更新", pass: "离线码：没有网络也可查验，{time} 前有效", showPass: "查验处没有网络？出示离线码", showLive: "返回普通健康码",
    waiting: "正在取得健康码……", why: "为什么", since: "开始", until: "截止", next: "到期后", todo: "怎样解除", ask: "咨询", open: "依事件解除", openTests: "完成下列检测后",
    test: "最近核酸阴性", testNone: "没有记录", ago2: "{age}前", doses: "疫苗接种", doseCount: "{n} 剂", doseNone: "没有记录", notices: "提示",
    changes: "{time} 转为{state}", voice: "朗读", calm: "没有影响您出行的事由。", absent: "您还没有健康码，可以随时申领；不申领也可凭身份证登记通行。",
    unknown: "系统暂时查不到您的状态。这不影响您登记后通行。", recalled: "这部手机上的登录已失效。本人撤回、换机或挂失后都会这样。", again: "重新登录",
  },
  {
    qr: "Health code of {name}, for the inspector to scan", renews: "renews in {n} s", fresh: "checked just now", ago: "checked {age} ago", stale: "data not renewed for {age}",
    offline: "No network. This was the state at {time}", clockOff: "A server clock is off; improvements wait until it is right",
    spentTitle: "The code needs a network to renew", spent: "Connect and try again. If you cannot wait, show your ID card and register: no place may turn you away for this.", retry: "Renew now", pass: "Offline pass: can be checked without network, good until {time}", showPass: "No network at the gate? Show offline pass", showLive: "Back to the ordinary code",
    waiting: "Getting your code …", why: "Why", since: "Since", until: "Until", next: "then", todo: "What ends it", ask: "Ask", open: "ends by event", openTests: "when the tests below are done",
    test: "Last negative test", testNone: "none on record", ago2: "{age} ago", doses: "Vaccinations", doseCount: "{n} doses", doseNone: "none on record", notices: "Notices",
    changes: "Becomes {state} on {time}", voice: "Read aloud", calm: "Nothing is recorded that limits you.", absent: "You hold no code yet. You may apply at any time; without one, an ID card and registration let you pass.",
    unknown: "The system cannot find your state right now. You may still pass after registering.", recalled: "This phone's session is no longer valid: that happens after a withdrawal, a new phone or a loss report.", again: "Sign in again",
  },
);
type Words = Record<keyof (typeof TEXTS)["zh"], string>;

function freshnessLine(answer: StateAnswer, heardAt: number, problem: Problem | null, now: number, t: Words, lang: Language): { icon: string; text: string; bad: boolean } {
  const silent = now - heardAt;
  const age = silent + (answer.freshness.age_s ?? 0) * 1000;
  if (problem && silent > 60_000) return { icon: "offline", text: fill(t.offline, { time: clockText(heardAt) }), bad: true };
  if (answer.freshness.level === "stale") return { icon: "offline", text: fill(t.stale, { age: spanText(age, lang) }), bad: true };
  if (answer.freshness.clock === "off") return { icon: "warning", text: t.clockOff, bad: true };
  return { icon: "online", text: age < 90_000 ? t.fresh : fill(t.ago, { age: spanText(age, lang) }), bad: false };
}

function spokenText(answer: StateAnswer, state: string, lang: Language): string {
  const reasons = answer.grounds.map((ground) => `${pick(ground.text, lang)}。${pick(ground.way_out, lang)}`);
  return [answer.masked_name.replace(/\*/g, ""), signWord(state, lang), ...reasons, ...answer.notices.map((one) => pick(one, lang))].join("。");
}

function Spent({ problem }: { readonly problem: Problem | null }) {
  const t = useTexts(TEXTS);
  const say = useProblemText();
  return (
    <div class="qr spent" role="alert">
      <strong>{t.spentTitle}</strong><span>{problem ? say(problem) : t.spent}</span>
      <button type="button" class="button primary" onClick={() => void renew(true)}><Icon name="refresh" />{t.retry}</button>
    </div>
  );
}

/** A text whose telephone numbers can be tapped. */
function Linked({ text }: { readonly text: string }) {
  return <>{text.split(/((?:0\d{2,3}-)\d{7,8}|\b1\d{4}\b(?!\d))/).map((part, i) => (i % 2 ? <a key={i} href={`tel:${part}`}>{part}</a> : part))}</>;
}

function GroundCard({ ground }: { readonly ground: Ground }) {
  const t = useTexts(TEXTS);
  const lang = useLanguage();
  const office = pick(ground.office, lang);
  const wayOut = pick(ground.way_out, lang);
  return (
    <article class="card ground" data-hue={signOf(ground.color).hue}>
      <h2><State id={ground.color} /></h2>
      <p class="reason">{pick(ground.text, lang)}</p>
      <dl class="pairs">
        {ground.since_minute === null ? null : <><dt>{t.since}</dt><dd><time>{sinceText(ground.since_minute * 60_000, lang)}</time></dd></>}
        <dt>{t.until}</dt><dd>{ground.until_minute === null ? (ground.tests_due.length ? t.openTests : t.open) : <time><strong>{momentText(ground.until_minute * 60_000, lang)}</strong></time>}</dd>
        {office || ground.phone ? <><dt>{t.ask}</dt><dd>{office} {ground.phone ? <a href={`tel:${ground.phone}`}>{ground.phone}</a> : null}</dd></> : null}
      </dl>
      {wayOut ? <><h3>{t.todo}</h3><p><Linked text={wayOut} /></p></> : null}
    </article>
  );
}

function Facts({ answer, now }: { readonly answer: StateAnswer; readonly now: number }) {
  const t = useTexts(TEXTS);
  const lang = useLanguage();
  const negative = answer.last_negative_minute === null ? null : answer.last_negative_minute * 60_000;
  return (
    <dl class="card facts">
      <div><dt><Icon name="test" />{t.test}</dt><dd>{negative === null ? t.testNone : <>{fill(t.ago2, { age: spanText(now - negative, lang) })}<br /><time class="quiet small">{momentText(negative, lang)}</time></>}</dd></div>
      <div><dt><Icon name="dose" />{t.doses}</dt><dd>{answer.doses ? fill(t.doseCount, { n: answer.doses }) : t.doseNone}</dd></div>
    </dl>
  );
}

function Explained({ answer, state }: { readonly answer: StateAnswer; readonly state: string }) {
  const t = useTexts(TEXTS);
  const lang = useLanguage();
  return (
    <>
      {answer.notices.map((notice) => <Message key={pick(notice, lang)} hue="blue" shape="diamond-dot"><p>{pick(notice, lang)}</p></Message>)}
      {answer.grounds.map((ground) => <GroundCard key={`${ground.rule}-${ground.phase}-${ground.since_minute}`} ground={ground} />)}
      {state === "absent" || state === "unknown" ? <Message><p>{t[state]}</p></Message> : null}
      {!answer.grounds.length && state === "green" ? <p class="quiet calm">{t.calm}</p> : null}
    </>
  );
}

function Recalled() {
  const t = useTexts(TEXTS);
  return (
    <div class="page">
      <Message hue="grey" shape="square-back" alert><p>{t.recalled}</p>
        <button type="button" class="button" onClick={() => sessionForget()}>{t.again}</button></Message>
    </div>
  );
}

/** The pass of this minute, made only while no live code is left. */
function usePass(now: number, wanted: boolean): string | null {
  const minute = Math.floor(now / 60_000);
  const held = useStore(pass);
  const [shown, setShown] = useState<{ readonly minute: number; readonly text: string | null }>({ minute: 0, text: null });
  useEffect(() => {
    if (wanted) void passText(held, minute * 60_000).then((text) => setShown({ minute, text }));
  }, [minute, wanted, held]);
  return wanted && shown.minute === minute ? shown.text : null;
}

export function CodePage() {
  const t = useTexts(TEXTS);
  const lang = useLanguage();
  const { answer, codes, skewMs, heardAt, problem } = useStore(showing);
  const holder = useStore(session);
  const held = useStore(pass)?.expires_minute ?? 0;
  const now = useNow(1000, skewMs);
  useEffect(renewalStart, [holder?.session]);
  const live = codeOf(codes, now);
  const [wanted, setWanted] = useState(false);
  const offline = usePass(now, live === null || wanted);

  if (problem?.status === 401) return <Recalled />;
  if (!answer) return <div class="page">{problem ? <Spent problem={problem} /> : <p class="quiet" role="status">{t.waiting}</p>}</div>;
  const state = stateAt(answer, now);
  const sign = signOf(state);
  const line = freshnessLine(answer, heardAt, problem, now, t, lang);
  const hasPass = now < held * 60_000;
  const left = 60 - (Math.floor(now / 1000) % 60);
  return (
    <div class="page code-page" data-hue={sign.hue}>
      <header class="holder">
        <div><h1 class="name">{answer.masked_name || holder?.masked_name}</h1><p class="quiet">{regionName(answer.region, lang)}</p></div>
        <div class="clock-face"><time class="number" aria-hidden="true">{clockText(now)}</time><span class="quiet small">{dayText(now, lang)}</span></div>
      </header>
      <section class="frame" data-state={state}>
        <h2 class="frame-word" aria-live="polite"><ShapeSign name={sign.shape} size="big" />{signWord(state, lang)}
          {canSpeak() ? <button type="button" class="round" aria-label={t.voice} onClick={() => speak(spokenText(answer, state, lang), lang)}><Icon name="sound" /></button> : null}</h2>
        {live || offline ? <QrCode text={offline ?? live?.text ?? ""} label={fill(t.qr, { name: answer.masked_name })} /> : <Spent problem={problem} />}
        {offline ? <p class="offline-pass small" role="status">{fill(t.pass, { time: clockText(held * 60_000).slice(0, 5) })}</p> : null}
        {live && hasPass ? <button type="button" class="button small plain pass-switch" aria-pressed={wanted} onClick={() => setWanted(!wanted)}><Icon name="offline" />{wanted ? t.showLive : t.showPass}</button> : null}
        <div class="frame-foot">
          <progress class="sweep" max={60} value={left} aria-hidden="true" />
          <span class="row apart small"><span class={line.bad ? "warn" : ""}><Icon name={line.icon} />{line.text}</span>{live || offline ? <span class="number">{fill(t.renews, { n: left })}</span> : null}</span>
        </div>
      </section>
      {answer.until_minute !== null && answer.next_state && answer.next_state !== state && state === answer.state
        ? <p class="coming row"><Icon name="calendar" /><span>{fill(t.changes, { time: momentText(answer.until_minute * 60_000, lang), state: signWord(answer.next_state, lang) })}</span></p> : null}
      <Explained answer={answer} state={state} />
      <Facts answer={answer} now={now} />
    </div>
  );
}

/** The region's own name where the edge sends its division code. */
function regionName(region: string | number, lang: Language): string {
  return String(region) === "140000" ? { zh: "山西省", en: "Shanxi" }[lang] : String(region);
}
