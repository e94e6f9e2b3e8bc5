/** Applying (H1) in one flow of four short steps, and signing in again. Nothing is kept on the phone until it is done. */

import { useState } from "preact/hooks";
import { Problem } from "../http";
import { fill, texts, useTexts } from "../language";
import { Heading, Icon, ProblemMessage } from "../ui";
import { DeclarationStep, declarationIsWhole, type DeclarationDraft } from "./declaration-step";
import { type Kind, numberClean, numberSlip, phoneClean, phoneIsWhole } from "./documents";
import { ConsentStep } from "./consent-step";
import { DocumentFields, IdentityStep, type IdentityDraft } from "./identity-step";
import { PhoneStep } from "./phone-step";
import { apply, signIn } from "./session";

const TEXTS = texts(
  {
    title: "申领山西健康码", step: "第 {n} 步，共 4 步", phone: "手机号", identity: "身份和住址", health: "健康申报", consent: "告知与同意",
    next: "下一步", back: "上一步", submit: "同意并申领", signInTitle: "登录", signIn: "登录",
    badPhone: "请输入 11 位手机号。", badCode: "请输入短信里的验证码。", badName: "请填写证件上的姓名。",
    badLength: "请核对证件号码的位数。居民身份证是 18 位。", badCheck: "身份证号码有误：末位与前 17 位对不上，请逐位核对。",
    badPlace: "请选择现居住的市和县（区）。", badAddress: "请填写街道、小区或村名。", badHealth: "请回答上面的问题。", badConsent: "同意后才能申领；不同意也可以凭身份证登记通行。",
  },
  {
    title: "Apply for the Shanxi health code", step: "Step {n} of 4", phone: "Mobile number", identity: "Who you are, where you live", health: "Health declaration", consent: "What you agree to",
    next: "Next", back: "Back", submit: "Agree and apply", signInTitle: "Sign in", signIn: "Sign in",
    badPhone: "Enter an 11-digit mobile number.", badCode: "Enter the code from the text message.", badName: "Enter the name as on your document.",
    badLength: "Check the length of the number. A resident ID has 18 characters.", badCheck: "The resident ID does not add up: its last character does not fit the first 17. Compare it digit by digit.",
    badPlace: "Choose the city and county where you live now.", badAddress: "Enter street, compound or village.", badHealth: "Please answer the question above.", badConsent: "You can apply only if you agree. Without it you can pass by registering with your ID card.",
  },
);

export interface Draft extends IdentityDraft, DeclarationDraft {
  readonly phone: string;
  readonly code: string;
  readonly consent: string;
}

const EMPTY: Draft = {
  phone: "", code: "", name: "", kind: "resident_id", number: "", city: "", residence: "", address: "",
  symptoms: null, symptomList: [], exposure: null, consent: "",
};

/** Field of the API → our field and the step that asks for it. */
const PLACES: Readonly<Record<string, readonly [keyof Draft, number]>> = {
  phone: ["phone", 0], phone_code: ["code", 0], name: ["name", 1], document_kind: ["number", 1], document_number: ["number", 1],
  residence: ["residence", 1], address: ["address", 1], declaration: ["symptoms", 2], consent_version: ["consent", 3],
};
/** Problems that belong to one field even where the server names none. */
const CODES: readonly [RegExp, string][] = [[/phone_code|one_time/, "phone_code"], [/phone/, "phone"], [/document|identity/, "document_number"], [/consent/, "consent_version"]];

export type Errors = Partial<Record<keyof Draft, string>>;

function errorsPlace(problem: Problem): { errors: Errors; step: number | null } {
  const named = problem.errors.map((one) => [(one.field ?? "").replace(/^body\.(payload\.|data\.|application\.)?/, "").split(".")[0] ?? "", one.message] as const);
  const guessed = CODES.find(([pattern]) => pattern.test(problem.code))?.[1];
  const all = named.some(([field]) => field in PLACES) ? named : guessed && problem.detail ? [[guessed, problem.detail] as const] : [];
  const errors: Errors = {};
  let step: number | null = null;
  for (const [field, message] of all) {
    const place = PLACES[field];
    if (!place) continue;
    errors[place[0]] = message;
    step = Math.min(step ?? 9, place[1]);
  }
  return { errors, step };
}

type Words = Record<"badPhone" | "badCode" | "badName" | "badLength" | "badCheck" | "badPlace" | "badAddress" | "badHealth" | "badConsent", string>;

function stepErrors(step: number, draft: Draft, t: Words): Errors {
  const errors: Errors = {};
  if (step === 0) {
    if (!phoneIsWhole(draft.phone)) errors.phone = t.badPhone;
    if (!/^\d{4,8}$/.test(draft.code)) errors.code = t.badCode;
  } else if (step === 1) {
    const slip = numberSlip(draft.kind, draft.number);
    if (!draft.name.trim()) errors.name = t.badName;
    if (slip) errors.number = slip === "check" ? t.badCheck : t.badLength;
    if (!draft.residence) errors.residence = t.badPlace;
    if (!draft.address.trim()) errors.address = t.badAddress;
  } else if (step === 2) {
    Object.assign(errors, declarationIsWhole(draft, t.badHealth));
  } else if (!draft.consent) errors.consent = t.badConsent;
  return errors;
}

function applicationOf(draft: Draft) {
  return {
    name: draft.name.trim(), document_kind: draft.kind as Kind, document_number: numberClean(draft.number),
    phone: phoneClean(draft.phone), phone_code: draft.code, residence: draft.residence, address: draft.address.trim(),
    declaration: { symptoms: draft.symptoms ? draft.symptomList : [], exposure: draft.exposure === true }, consent_version: draft.consent,
  };
}

/** After a refusal the focus goes to the first field that is wrong. */
function focusFirstError(): void {
  setTimeout(() => document.querySelector<HTMLElement>("[aria-invalid=true], .error")?.focus(), 50);
}

export function ApplyPage({ leave }: { readonly leave: () => void }) {
  const t = useTexts(TEXTS);
  const [step, setStep] = useState(0);
  const [draft, setDraft] = useState<Draft>(EMPTY);
  const [errors, setErrors] = useState<Errors>({});
  const [problem, setProblem] = useState<Problem | null>(null);
  const [busy, setBusy] = useState(false);
  const change = (part: Partial<Draft>) => {
    setDraft((old) => ({ ...old, ...part }));
    setErrors((old) => Object.fromEntries(Object.entries(old).filter(([key]) => !(key in part))) as Errors);
  };
  const titles = [t.phone, t.identity, t.health, t.consent];

  const send = async () => {
    setBusy(true);
    try {
      await apply(applicationOf(draft));
    } catch (error) {
      if (!(error instanceof Problem)) throw error;
      const placed = errorsPlace(error);
      setErrors(placed.errors);
      if (placed.step === null) setProblem(error);
      else setStep(placed.step);
      focusFirstError();
    } finally {
      setBusy(false);
    }
  };
  const forward = (event: Event) => {
    event.preventDefault();
    const found = stepErrors(step, draft, t);
    setErrors(found);
    setProblem(null);
    if (Object.keys(found).length) return focusFirstError();
    if (step < 3) {
      setStep(step + 1);
      window.scrollTo(0, 0);
    } else void send();
  };

  return (
    <form class="page" noValidate onSubmit={forward} aria-busy={busy}>
      <p class="quiet small">{t.title} · {fill(t.step, { n: step + 1 })}</p>
      <progress class="bar" max={4} value={step + 1} aria-label={fill(t.step, { n: step + 1 })} />
      <Heading key={step}>{titles[step]}</Heading>
      {step === 0 ? <PhoneStep phone={draft.phone} code={draft.code} phoneError={errors.phone} codeError={errors.code} change={change} /> : null}
      {step === 1 ? <IdentityStep draft={draft} errors={errors} change={change} /> : null}
      {step === 2 ? <DeclarationStep draft={draft} errors={errors} change={change} /> : null}
      {step === 3 ? <ConsentStep version={draft.consent} error={errors.consent} change={(consent) => change({ consent })} /> : null}
      <ProblemMessage problem={problem} />
      <div class="step-acts">
        <button type="button" class="button" onClick={() => (step ? setStep(step - 1) : leave())}><Icon name="back" />{t.back}</button>
        <button class="button primary" disabled={busy} aria-busy={busy}>{step < 3 ? t.next : t.submit}</button>
      </div>
    </form>
  );
}

export function SignInPage({ leave }: { readonly leave: () => void }) {
  const t = useTexts(TEXTS);
  const [draft, setDraft] = useState({ phone: "", code: "", kind: "resident_id" as Kind, number: "" });
  const [shared, setShared] = useState(false);
  const [errors, setErrors] = useState<Errors>({});
  const [problem, setProblem] = useState<Problem | null>(null);
  const [busy, setBusy] = useState(false);

  const send = async (event: Event) => {
    event.preventDefault();
    const found = stepErrors(0, { ...EMPTY, ...draft }, t);
    setErrors(found);
    if (Object.keys(found).length) return focusFirstError();
    setBusy(true);
    setProblem(null);
    try {
      const who = shared ? { document_kind: draft.kind, document_number: numberClean(draft.number) } : {};
      await signIn({ phone: phoneClean(draft.phone), phone_code: draft.code, ...who });
    } catch (error) {
      if (!(error instanceof Problem)) throw error;
      const placed = errorsPlace(error);
      setErrors(placed.errors);
      if (error.code === "phone_shared") setShared(true);
      if (placed.step === null) setProblem(error);
      focusFirstError();
    } finally {
      setBusy(false);
    }
  };

  return (
    <form class="page" noValidate onSubmit={(event) => void send(event)}>
      <Heading>{t.signInTitle}</Heading>
      <PhoneStep phone={draft.phone} code={draft.code} phoneError={errors.phone} codeError={errors.code}
        change={(part) => setDraft((old) => ({ ...old, ...part }))} />
      {shared ? <DocumentFields draft={draft} error={errors.number} change={(part) => setDraft((old) => ({ ...old, ...part }))} /> : null}
      <ProblemMessage problem={problem} />
      <div class="step-acts">
        <button type="button" class="button" onClick={leave}><Icon name="back" />{t.back}</button>
        <button class="button primary" disabled={busy} aria-busy={busy}>{t.signIn}</button>
      </div>
    </form>
  );
}
