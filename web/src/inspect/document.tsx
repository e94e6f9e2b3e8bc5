/**
 * A document at the gate: its number on large keys, then the name on it.
 *
 * Both are asked because a number alone can be tried out; an unknown number and a wrong name get one and the same answer.
 */

import { useEffect, useRef, useState } from "preact/hooks";
import { texts, useTexts } from "../language";
import type { Kind } from "../resident/documents";
import { Icon, Message } from "../ui";
import { Keypad, grouped } from "./keypad";

const TEXTS = texts(
  { title: "证件上的姓名", name: "姓名（与证件一致）", back: "改号码", check: "查验", missing: "请照证件填写姓名。", recorded: "每次查验证件都会留下记录，本人看得到。" },
  { title: "Name on the document", name: "Name, as on the document", back: "Change the number", check: "Check", missing: "Copy the name from the document.", recorded: "Every document check is recorded, and the person can see it." },
);

export interface DocumentGiven {
  readonly kind: Kind;
  readonly number: string;
  readonly name: string;
}

interface NamePageProps {
  readonly number: string;
  readonly busy: boolean;
  readonly back: () => void;
  readonly done: (name: string) => void;
}

function NamePage({ number, busy, back, done }: NamePageProps) {
  const t = useTexts(TEXTS);
  const [name, setName] = useState("");
  const [missing, setMissing] = useState(false);
  const field = useRef<HTMLInputElement>(null);
  useEffect(() => field.current?.focus(), []);
  const send = (event: Event) => {
    event.preventDefault();
    const written = name.normalize("NFKC").trim();
    if (written) done(written);
    else setMissing(true);
  };
  return (
    <form class="keypad-page" onSubmit={send} aria-label={t.title}>
      <div class="field-pair">
        <button type="button" class="button" onClick={back}><Icon name="back" />{t.back}</button>
      </div>
      <output class="keypad-number">{grouped(number)}</output>
      <div class="stack">
        <div class="field">
          <label for="document-name">{t.name}</label>
          <input id="document-name" ref={field} class="document-name" name="document_name" autoComplete="off" maxLength={60} value={name} onInput={(event) => { setMissing(false); setName(event.currentTarget.value); }} />
        </div>
        {missing ? <Message hue="red" alert>{t.missing}</Message> : null}
        <p class="hint">{t.recorded}</p>
      </div>
      <button class="button primary wide" disabled={busy} aria-busy={busy}>{t.check}</button>
    </form>
  );
}

/** Number, then name, then `check`; `close` goes back to scanning. */
export function DocumentForm({ busy, close, check }: { readonly busy: boolean; readonly close: () => void; readonly check: (given: DocumentGiven) => void }) {
  const [typed, setTyped] = useState<{ readonly kind: Kind; readonly number: string } | null>(null);
  const [again, setAgain] = useState(false);
  if (typed && !again) {
    return <NamePage number={typed.number} busy={busy} back={() => setAgain(true)} done={(name) => check({ ...typed, name })} />;
  }
  return <Keypad busy={busy} close={close} {...(typed ? { begin: typed } : {})} check={(kind, number) => { setTyped({ kind, number }); setAgain(false); }} />;
}
