/** Me: what this phone holds, how the page looks, and the two ways out: sign out, withdraw. */

import { useEffect, useRef, useState } from "preact/hooks";
import { Problem } from "../http";
import { pick, texts, useLanguage, useTexts } from "../language";
import { Preferences } from "../preferences";
import { useStore } from "../store";
import { Heading, Icon, ProblemMessage } from "../ui";
import { type Mine, Records, mineAsk } from "./records";
import { session, signOut, withdraw } from "./session";

const TEXTS = texts(
  {
    title: "我的", name: "姓名", document: "证件", phone: "手机号", residence: "现居住地", masked: "除您本人外，任何人看到的都只是这样的脱敏信息。",
    signOut: "退出登录", signOutHint: "只清除这部手机上的登录；健康码仍在，可随时重新登录。",
    withdraw: "撤回同意并停用健康码", what: "撤回后会怎样", w1: "健康码立即停用，已显示的二维码随即失效。", w2: "之后不再为亮码处理您的信息；依法必须保存的防疫记录按期限销毁。", w3: "您仍可凭身份证登记通行，也可以随时重新申领。",
    later: "退出后重新登录，可以查看谁看过您的信息、判定经过和检测记录。", sure: "确定撤回吗？", yes: "确定撤回", no: "不撤回", help: "疑问和投诉：12345",
  },
  {
    title: "Me", name: "Name", document: "Document", phone: "Mobile", residence: "Lives in", masked: "Nobody but you sees more than this masked form.",
    signOut: "Sign out", signOutHint: "Only removes the session from this phone. Your code stays; sign in again at any time.",
    withdraw: "Withdraw consent and end the code", what: "What a withdrawal does", w1: "The code ends at once, and so does any QR already shown.", w2: "Your data is no longer used to show a code; epidemic records that the law requires are destroyed when their time ends.", w3: "You can still pass by registering with your ID card, and apply again at any time.",
    later: "Sign out and in again to see who looked at your data, the decisions and your tests.", sure: "Withdraw?", yes: "Withdraw", no: "Keep my code", help: "Questions and complaints: 12345",
  },
);

function Withdrawal() {
  const t = useTexts(TEXTS);
  const dialog = useRef<HTMLDialogElement>(null);
  const [problem, setProblem] = useState<Problem | null>(null);
  const [busy, setBusy] = useState(false);
  const send = async () => {
    setBusy(true);
    try {
      await withdraw();
    } catch (error) {
      if (!(error instanceof Problem)) throw error;
      setProblem(error);
      setBusy(false);
    }
  };
  return (
    <>
      <button type="button" class="button wide" onClick={() => dialog.current?.showModal()}>{t.withdraw}</button>
      <dialog ref={dialog} aria-labelledby="withdraw-title">
        <div class="stack">
          <h2 id="withdraw-title">{t.sure}</h2>
          <p>{t.what}</p>
          <ul class="plain-list"><li>{t.w1}</li><li>{t.w2}</li><li>{t.w3}</li></ul>
          <ProblemMessage problem={problem} />
          <div class="step-acts">
            <button type="button" class="button" onClick={() => dialog.current?.close()}>{t.no}</button>
            <button type="button" class="button danger" disabled={busy} aria-busy={busy} onClick={() => void send()}>{t.yes}</button>
          </div>
        </div>
      </dialog>
    </>
  );
}

export function MePage() {
  const t = useTexts(TEXTS);
  const lang = useLanguage();
  const held = useStore(session);
  const [mine, setMine] = useState<Mine | null>(null);
  useEffect(() => {
    void mineAsk().then(setMine);
  }, [held?.session]);
  const rows = [[t.name, mine?.masked_name ?? held?.masked_name], [t.document, mine?.masked_document ?? held?.masked_document], [t.phone, mine?.masked_phone], [t.residence, pick(mine?.residence, lang)]] as const;
  return (
    <div class="page">
      <Heading>{t.title}</Heading>
      <section class="card">
        <dl class="pairs">{rows.filter(([, value]) => value).map(([label, value]) => [<dt>{label}</dt>, <dd class="masked">{value}</dd>])}</dl>
        <p class="quiet small">{t.masked}</p>
      </section>
      {mine ? <Records mine={mine} /> : <p class="quiet small">{t.later}</p>}
      <Preferences />
      <section class="stack">
        <button type="button" class="button wide" onClick={() => void signOut()}><Icon name="leave" />{t.signOut}</button>
        <p class="quiet small">{t.signOutHint}</p>
        <Withdrawal />
        <p><a href="tel:12345">{t.help}</a></p>
      </section>
    </div>
  );
}
