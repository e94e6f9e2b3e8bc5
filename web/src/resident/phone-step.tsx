/** Phone number and one-time code: the first step of applying, and all of signing in again. */

import { useEffect, useState } from "preact/hooks";
import { Problem } from "../http";
import { fill, texts, useTexts } from "../language";
import { Field, Message, useProblemText } from "../ui";
import { phoneClean, phoneIsWhole } from "./documents";
import { phoneCodeDemo, phoneCodeSend } from "./session";

const TEXTS = texts(
  {
    phone: "手机号", code: "短信验证码", send: "获取验证码", again: "{n} 秒后可重发",
    badPhone: "请输入 11 位手机号，例如 139 0000 0000。", sent: "验证码已发送，{n} 分钟内有效。",
    demo: "演示环境不发短信。验证码是 {code}。", use: "填入",
  },
  {
    phone: "Mobile number", code: "Code from the text message", send: "Send code", again: "Again in {n} s",
    badPhone: "Enter the 11 digits of a mobile number, for example 139 0000 0000.", sent: "Code sent. It is valid for {n} minutes.",
    demo: "This is a demonstration, no text message is sent. The code is {code}.", use: "Fill in",
  },
);

interface Props {
  readonly phone: string;
  readonly code: string;
  readonly phoneError?: string | undefined;
  readonly codeError?: string | undefined;
  readonly change: (change: { phone?: string; code?: string }) => void;
}

export function PhoneStep({ phone, code, phoneError, codeError, change }: Props) {
  const t = useTexts(TEXTS);
  const say = useProblemText();
  const [wait, setWait] = useState(0);
  const [minutes, setMinutes] = useState(0);
  const [demo, setDemo] = useState<string | null>(null);
  const [slip, setSlip] = useState("");
  const [busy, setBusy] = useState(false);

  useEffect(() => {
    if (wait <= 0) return undefined;
    const timer = setTimeout(() => setWait(wait - 1), 1000);
    return () => clearTimeout(timer);
  }, [wait]);

  const send = async () => {
    if (!phoneIsWhole(phone)) return setSlip(t.badPhone);
    setSlip("");
    setBusy(true);
    try {
      const sent = await phoneCodeSend(phoneClean(phone));
      setWait(sent.retry_after ?? 60);
      setMinutes(Math.round((sent.expires_in ?? 300) / 60));
      setDemo(sent.demo ? await phoneCodeDemo(phoneClean(phone)) : null);
    } catch (error) {
      if (!(error instanceof Problem)) throw error;
      setSlip(error.errors.find((one) => one.field?.endsWith("phone"))?.message ?? say(error));
      setWait(Math.ceil((error.retryAfterMs ?? 0) / 1000));
    } finally {
      setBusy(false);
    }
  };

  return (
    <>
      <Field label={t.phone} error={slip || phoneError}>
        {(tie) => (
          <div class="field-pair">
            <input {...tie} type="tel" inputMode="tel" autoComplete="tel-national" name="phone" maxLength={17} value={phone}
              onInput={(event) => change({ phone: event.currentTarget.value })} />
            <button type="button" class="button" disabled={busy || wait > 0} aria-busy={busy} onClick={() => void send()}>
              {wait > 0 ? fill(t.again, { n: wait }) : t.send}
            </button>
          </div>
        )}
      </Field>
      {demo ? (
        <div class="field">
          <Message hue="blue" shape="diamond-dot">
            <div class="row apart"><span>{fill(t.demo, { code: demo })}</span>
              <button type="button" class="button small" onClick={() => change({ code: demo })}>{t.use}</button></div>
          </Message>
        </div>
      ) : null}
      <Field label={t.code} hint={minutes ? fill(t.sent, { n: minutes }) : undefined} error={codeError}>
        {(tie) => (
          <input {...tie} class="code-input" inputMode="numeric" autoComplete="one-time-code" name="phone_code" maxLength={8} value={code}
            onInput={(event) => change({ code: event.currentTarget.value.trim() })} />
        )}
      </Field>
    </>
  );
}
