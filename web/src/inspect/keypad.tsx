/** Typing an ID card's number at the gate, with keys for a gloved thumb; other documents by the phone's own keyboard. */

import { useLayoutEffect, useState } from "preact/hooks";
import { fill, texts, useTexts } from "../language";
import { KINDS, type Kind, numberClean, numberSlip } from "../resident/documents";
import { Icon, Message } from "../ui";

const TEXTS = texts(
  {
    title: "输入证件号码", kind: "证件类型", check: "下一步", close: "返回扫码", erase: "删去一位", digits: "已输入 {n} 位", badLength: "请输入完整的号码；居民身份证 18 位。", badCheck: "号码有误：末位对不上，请逐位核对证件。",
    resident_id: "居民身份证", passport: "护照", hk_macao_permit: "港澳通行证", taiwan_permit: "台湾通行证", foreign_pr: "外国人永居证",
  },
  {
    title: "Enter the document number", kind: "Document", check: "Next", close: "Back to scanning", erase: "Delete one", digits: "{n} typed", badLength: "Enter the whole number; a resident ID has 18 characters.", badCheck: "The number does not add up: compare it digit by digit.",
    resident_id: "Resident ID", passport: "Passport", hk_macao_permit: "HK/Macao permit", taiwan_permit: "Taiwan permit", foreign_pr: "Permanent resident card",
  },
);

const KEYS = ["1", "2", "3", "4", "5", "6", "7", "8", "9", "X", "0"] as const;

/** 140105 1990 0101 002X: in groups, as printed on the card. */
export function grouped(number: string): string {
  return [number.slice(0, 6), number.slice(6, 14), number.slice(14)].filter(Boolean).join(" ");
}

interface KeypadProps {
  readonly close: () => void;
  readonly check: (kind: Kind, number: string) => void;
  readonly busy: boolean;
  /** What was typed before, to be changed. */
  readonly begin?: { readonly kind: Kind; readonly number: string };
}

export function Keypad({ close, check, busy, begin }: KeypadProps) {
  const t = useTexts(TEXTS);
  const [kind, setKind] = useState<Kind>(begin?.kind ?? "resident_id");
  const [number, setNumber] = useState(begin?.number ?? "");
  const [slip, setSlip] = useState("");
  const card = kind === "resident_id";
  const type = (key: string) => {
    setSlip("");
    setNumber((old) => (key === "erase" ? old.slice(0, -1) : old.length < 18 ? old + key : old));
  };
  // before the first paint: a card reader types as soon as the keys are seen
  useLayoutEffect(() => {
    if (!card) return undefined;
    const onKey = (event: KeyboardEvent) => {
      if (/^[\dxX]$/.test(event.key)) type(event.key.toUpperCase());
      else if (event.key === "Backspace") type("erase");
    };
    addEventListener("keydown", onKey);
    return () => removeEventListener("keydown", onKey);
  }, [card]);
  const send = (event: Event) => {
    event.preventDefault();
    const wrong = numberSlip(kind, number);
    if (wrong) setSlip(wrong === "check" ? t.badCheck : t.badLength);
    else check(kind, numberClean(number));
  };
  return (
    <form class="keypad-page" onSubmit={send} aria-label={t.title}>
      <div class="field-pair">
        <button type="button" class="button" onClick={close} aria-label={t.close}><Icon name="back" /></button>
        <select aria-label={t.kind} value={kind} onChange={(event) => { setKind(event.currentTarget.value as Kind); setNumber(""); setSlip(""); }}>
          {KINDS.map((one) => <option key={one} value={one}>{t[one]}</option>)}
        </select>
      </div>
      {card
        ? <output class="keypad-number" aria-live="polite" aria-label={`${t.title}: ${fill(t.digits, { n: number.length })}`}>{grouped(number) || "—"}</output>
        : <input class="keypad-number" name="document_number" aria-label={t.title} autoComplete="off" autoCapitalize="characters" maxLength={24} value={number} onInput={(event) => setNumber(event.currentTarget.value)} />}
      {card ? (
        <div class="keypad">
          {KEYS.map((key) => <button type="button" class="button" key={key} onClick={() => type(key)}>{key}</button>)}
          <button type="button" class="button" aria-label={t.erase} onClick={() => type("erase")}><Icon name="erase" /></button>
        </div>
      ) : <span />}
      <div class="stack">{slip ? <Message hue="red" alert>{slip}</Message> : null}<button class="button primary wide" disabled={busy} aria-busy={busy}>{t.check}</button></div>
    </form>
  );
}
