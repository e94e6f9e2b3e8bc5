/** The gate (V4): camera full screen, the outcome for a second and a half, and on to the next person. */

import { useEffect, useRef, useState } from "preact/hooks";
import { Problem } from "../http";
import { fill, texts, useLanguage, useTexts } from "../language";
import { spanText } from "../moments";
import { signalSend, soundOn, soundWake } from "../signal";
import { signOf } from "../states";
import { useStore } from "../store";
import { Icon, Message, ShapeSign, useNow, useProblemText } from "../ui";
import { verdictWord } from "../verdicts";
import { Viewfinder } from "../viewfinder";
import { DocumentForm } from "./document";
import { OutcomeScreen, screenSign } from "./outcome";
import { held } from "./bundle";
import { readiness } from "./offline";
import { type Shown, type Thing, check, counted, link, linkProbe, offlineLoad, offlineRenew, post, postLeave, postRenew } from "./post";
import { waiting } from "./queue";

const TEXTS = texts(
  {
    aim: "对准健康码", idCard: "身份证", soundOn: "声音开", soundOff: "声音关", count: "今日 {n}", fresh: "数据新鲜", aged: "数据 {age}前", stale: "数据过旧：{age}前", offline: "离线",
    offlineReady: "没有网络：可查离线码和纸质码，依据 {age}前的数据，{limit}内有效。普通健康码请对方点“出示离线码”。", offlineNone: "没有网络，本机也没有离线数据：请凭身份证登记后放行，不得拒绝。",
    offlineStale: "离线数据已有 {age}，超过 {limit}的上限：请凭身份证登记后放行，不得拒绝。", offlineClock: "本机时间被调回过，离线查验已停：请校准时间并联网。此前凭身份证登记后放行，不得拒绝。", waiting: "{n} 次离线查验待上传", last: "上一位", leave: "退出查验岗位", venue: "查验", over: "这个岗位的任命已结束，或登录已失效。请向场所管理员索取新的邀请。",
  },
  {
    aim: "Point at a health code", idCard: "ID card", soundOn: "Sound on", soundOff: "Sound off", count: "Today {n}", fresh: "Fresh data", aged: "Data {age} old", stale: "Data too old: {age}", offline: "Offline",
    offlineReady: "No network: offline passes and paper can be checked, by data {age} old, good for {limit}. For an ordinary code, ask to tap “Show offline pass”.", offlineNone: "No network, and no offline data on this device: register by ID card and let pass; do not refuse.",
    offlineStale: "The offline data is {age} old, beyond its limit of {limit}: register by ID card and let pass; do not refuse.", offlineClock: "This device's clock went back, so offline checks have stopped: set it right and connect. Until then register by ID card and let pass; do not refuse.", waiting: "{n} offline checks wait to be sent", last: "Before", leave: "Leave this post", venue: "Gate", over: "This appointment is over, or the session has ended. Ask the venue's manager for a new invitation.",
  },
);

const SHOWN_MS = 1500;
const PROBE_MS = 30_000;
const RENEW_MS = 6 * 3_600_000;
const BUNDLE_MS = 120_000;

function LinkBadge() {
  const t = useTexts(TEXTS);
  const lang = useLanguage();
  const { level, age_s, heardAt } = useStore(link);
  const now = useNow(5000);
  if (!heardAt && level !== "offline") return null;
  const age = spanText(now - heardAt + (age_s ?? 0) * 1000, lang);
  const text = level === "fresh" ? t.fresh : level === "offline" ? t.offline : fill(level === "aged" ? t.aged : t.stale, { age });
  return <span class="link-state" data-level={level} role="status"><Icon name={level === "fresh" || level === "aged" ? "online" : "offline"} />{text}</span>;
}

/** Keeps the screen on while the gate is open; a browser that cannot simply dims. */
function useWakeLock(): void {
  useEffect(() => {
    let lock: WakeLockSentinel | null = null;
    const take = () => {
      if (document.visibilityState === "visible") void navigator.wakeLock?.request("screen").then((one) => (lock = one), () => undefined);
    };
    take();
    document.addEventListener("visibilitychange", take);
    return () => {
      document.removeEventListener("visibilitychange", take);
      void lock?.release();
    };
  }, []);
}

function useUpkeep(): boolean {
  const [standing, setStanding] = useState(true);
  useEffect(() => {
    const probe = () => void linkProbe();
    const begun = offlineLoad().then(linkProbe).then(postRenew).then(setStanding).then(offlineRenew);
    const timers = [setInterval(probe, PROBE_MS), setInterval(() => void postRenew().then(setStanding), RENEW_MS), setInterval(() => void begun.then(offlineRenew), BUNDLE_MS * (0.8 + Math.random() * 0.4))];
    const probes = ["online", "offline"] as const;
    probes.forEach((name) => addEventListener(name, probe));
    return () => {
      timers.forEach(clearInterval);
      probes.forEach((name) => removeEventListener(name, probe));
    };
  }, []);
  return standing;
}

/** Without network: what can be checked now, by data how old; or what to do instead. */
function OfflineNote() {
  const t = useTexts(TEXTS);
  const lang = useLanguage();
  useStore(held);
  useNow(5000);
  const { state, ageMs, limitMs } = readiness();
  const text = { ready: t.offlineReady, none: t.offlineNone, stale: t.offlineStale, clock: t.offlineClock }[state];
  const said = fill(text, { age: spanText(ageMs, lang), limit: spanText(limitMs, lang) });
  return <Message hue={state === "ready" ? "blue" : "yellow"} {...(state === "ready" ? { shape: "diamond-dot" } : {})}><p class="offline-note" data-state={state}>{said}</p></Message>;
}

interface Checking {
  readonly shown: Shown | null;
  readonly last: Shown | null;
  readonly held: boolean;
  readonly busy: boolean;
  readonly problem: Problem | null;
  readonly run: (thing: Thing) => Promise<void>;
  readonly tap: () => void;
}

/** One check after the other: while one is asked or shown, nothing else is read. */
function useChecking(): Checking {
  const [shown, setShown] = useState<Shown | null>(null);
  const [last, setLast] = useState<Shown | null>(null);
  const [held, setHeld] = useState(false);
  const [busy, setBusy] = useState(false);
  const [problem, setProblem] = useState<Problem | null>(null);
  const timer = useRef(0);
  const end = () => {
    clearTimeout(timer.current);
    setShown(null);
    setHeld(false);
  };
  const run = async (thing: Thing) => {
    if (busy) return;
    setBusy(true);
    setProblem(null);
    try {
      const answer = await check(thing);
      signalSend({ ...signOf(answer.outcome), ...screenSign(answer) });
      setShown(answer);
      setLast(answer);
      timer.current = window.setTimeout(end, SHOWN_MS);
    } catch (error) {
      if (!(error instanceof Problem)) throw error;
      setProblem(error);
      signalSend(signOf("failed"));
    } finally {
      setBusy(false);
    }
  };
  const tap = () => {
    if (held) return end();
    clearTimeout(timer.current);
    setHeld(true);
  };
  return { shown, last, held, busy, problem, run, tap };
}

function LastOne({ last }: { readonly last: Shown }) {
  const t = useTexts(TEXTS);
  const lang = useLanguage();
  const sign = screenSign(last);
  return <span class="last-one row" data-hue={sign.hue}><span>{t.last}</span><ShapeSign name={sign.shape} /><span>{last.masked_name ?? "—"} · {verdictWord(last.verdict, lang)}</span></span>;
}

export function Gate() {
  const t = useTexts(TEXTS);
  const say = useProblemText();
  const here = useStore(post);
  const { level } = useStore(link);
  const { checks } = useStore(counted);
  const waits = useStore(waiting);
  const sound = useStore(soundOn);
  const [typing, setTyping] = useState(false);
  const standing = useUpkeep();
  const { shown, last, held, busy, problem, run, tap } = useChecking();
  useWakeLock();
  const refused = !standing || problem?.status === 401 || problem?.status === 403;
  return (
    <main class="gate" onPointerDown={soundWake}>
      <h1 class="visually-hidden">{t.venue}</h1>
      <header class="gate-top">
        <div class="where">{here?.venue.name || t.venue}<br /><small>{[here?.checkpoint.name, here?.label].filter(Boolean).join(" · ")}</small></div>
        <LinkBadge />
        <span class="counter">{fill(t.count, { n: checks })}</span>
      </header>
      <div class="gate-middle">
        <Viewfinder found={(text) => void run({ code: text })} paused={busy || shown !== null || typing || refused} />
        <div class="gate-notes">
          {refused ? <Message hue="yellow" alert><p>{t.over}</p><button type="button" class="button small" onClick={postLeave}>{t.leave}</button></Message>
            : problem ? <Message hue="yellow" alert><h2>{problem.title}</h2><p>{say(problem)}</p></Message>
              : level === "offline" ? <OfflineNote /> : null}
          {waits ? <p class="waiting" role="status"><Icon name="offline" />{fill(t.waiting, { n: waits })}</p> : null}
        </div>
        {last ? <LastOne last={last} /> : <p class="aim">{t.aim}</p>}
      </div>
      <footer class="gate-bottom">
        <button type="button" class="button primary" onClick={() => setTyping(true)}><Icon name="keypad" />{t.idCard}</button>
        <button type="button" class="button" aria-pressed={sound} onClick={() => soundOn.set(!sound)}><Icon name={sound ? "sound" : "sound-off"} />{sound ? t.soundOn : t.soundOff}</button>
      </footer>
      {typing ? <DocumentForm busy={busy} close={() => setTyping(false)} check={(document) => { setTyping(false); void run({ document }); }} /> : null}
      {shown ? <OutcomeScreen shown={shown} held={held} tap={tap} /> : null}
    </main>
  );
}
