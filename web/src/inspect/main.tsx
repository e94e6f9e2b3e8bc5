/** The inspector's page: take up an appointment by its invitation, then stand at the gate. */

import { render } from "preact";
import { useEffect, useState } from "preact/hooks";
import { colorsAsk } from "../colors";
import { Problem } from "../http";
import { texts, useTexts } from "../language";
import { LanguageSwitch } from "../preferences";
import { SignInPage } from "../resident/apply";
import { session as holder } from "../resident/session";
import { soundWake } from "../signal";
import { useStore } from "../store";
import { Heading, Icon, Message, ProblemMessage } from "../ui";
import { Gate } from "./gate";
import { type Appointment, appointmentsMine, inviteAccept, post, postResume } from "./post";

const TEXTS = texts(
  {
    brand: "山西健康码 · 查验", title: "查验岗位", no: "要查验，请打开场所管理员发给您的邀请链接。", invited: "场所管理员邀请您担任查验员。",
    duty: "查验只看结果：颜色、能否通行和脱敏姓名。每次查验都会留下记录，本人看得到。没有健康码、没有手机的人，登记后一样通行。",
    sign: "查验员须实名。请先用您自己的手机号登录。", as: "您的身份", accept: "接受邀请，开始查验", mine: "您的查验岗位", resume: "用这部手机查验", resumeHint: "原来查验用的手机随即停用。",
  },
  {
    brand: "Shanxi Health Code · Gate", title: "Inspector's post", no: "To inspect, open the invitation link that the venue's manager sent you.", invited: "A venue's manager invites you to be its inspector.",
    duty: "You see only the result: color, whether to pass, and a masked name. Every check is recorded, and the person can see it. Whoever has no code or no phone registers, and passes just the same.",
    sign: "Inspectors act under their real name. Sign in with your own mobile number first.", as: "You are", accept: "Accept and begin", mine: "Your posts", resume: "Inspect with this phone", resumeHint: "The phone used before stops working.",
  },
);

/** The token after `#invite=`; taken out of the address at once, so that it stays in no history. */
function inviteRead(): string | null {
  const token = /^#invite=([\w-]+)$/.exec(location.hash)?.[1] ?? null;
  if (token) history.replaceState(null, "", location.pathname);
  return token;
}

function Accept({ invite, done }: { readonly invite: string; readonly done: () => void }) {
  const t = useTexts(TEXTS);
  const held = useStore(holder);
  const [problem, setProblem] = useState<Problem | null>(null);
  const [busy, setBusy] = useState(false);
  const accept = async () => {
    soundWake();
    setBusy(true);
    try {
      await inviteAccept(invite);
      done();
    } catch (error) {
      if (!(error instanceof Problem)) throw error;
      setProblem(error);
      setBusy(false);
    }
  };
  return (
    <div class="page">
      <Heading>{t.invited}</Heading>
      <p>{t.duty}</p>
      {held ? (
        <>
          <dl class="card pairs"><dt>{t.as}</dt><dd>{held.masked_name}</dd></dl>
          <ProblemMessage problem={problem} />
          <button type="button" class="button primary wide" disabled={busy} aria-busy={busy} onClick={() => void accept()}><Icon name="scan" />{t.accept}</button>
        </>
      ) : <Message hue="blue" shape="diamond-dot"><p>{t.sign}</p></Message>}
      {held ? null : <SignInPage leave={done} />}
    </div>
  );
}

/** Without an invitation: what to do, and the appointments to go on with on this phone. */
function Posts() {
  const t = useTexts(TEXTS);
  const [mine, setMine] = useState<readonly Appointment[]>([]);
  const [problem, setProblem] = useState<Problem | null>(null);
  useEffect(() => {
    if (holder.get()) void appointmentsMine().then(setMine);
  }, []);
  const resume = (id: number) => {
    soundWake();
    postResume(id).catch((error: unknown) => setProblem(error instanceof Problem ? error : null));
  };
  return (
    <div class="page">
      <Heading>{t.title}</Heading>
      <Message><p>{t.no}</p></Message>
      <ProblemMessage problem={problem} />
      {mine.length ? <h2>{t.mine}</h2> : null}
      {mine.map((one) => (
        <section class="card stack" key={one.id}>
          <h3>{one.venue.name}</h3>
          <p class="quiet">{[one.checkpoint.name, one.label].filter(Boolean).join(" · ")}</p>
          <button type="button" class="button wide" onClick={() => resume(one.id)}>{t.resume}</button>
          <p class="quiet small">{t.resumeHint}</p>
        </section>
      ))}
      <p>{t.duty}</p>
    </div>
  );
}

function App({ first }: { readonly first: string | null }) {
  const t = useTexts(TEXTS);
  const here = useStore(post);
  const [invite, setInvite] = useState(first);
  if (here && !invite) return <Gate />;
  return (
    <>
      <header class="phone-top"><span class="brand">{t.brand}</span><LanguageSwitch /></header>
      <main id="main" class="plain-main">
        {invite ? <Accept invite={invite} done={() => setInvite(null)} /> : <Posts />}
      </main>
    </>
  );
}

void colorsAsk();
const root = document.getElementById("app");
if (root) render(<App first={inviteRead()} />, root);
if ("serviceWorker" in navigator && isSecureContext) void navigator.serviceWorker.register("/sw.js").catch(() => undefined);
