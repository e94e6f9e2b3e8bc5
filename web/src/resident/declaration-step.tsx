/** The health declaration: two questions, nothing ticked in advance. */

import { texts, useTexts } from "../language";
import type { Errors } from "./apply";

/** The closed list of the evidence kind `declaration`. */
const SYMPTOMS = ["fever", "cough", "sore_throat", "loss_of_smell", "diarrhoea", "shortness_of_breath", "other"] as const;

const TEXTS = texts(
  {
    symptoms: "您现在有下列症状吗？", none: "没有", some: "有", exposure: "近 7 天内，您接触过已知的感染者，或从境外、高风险区来过吗？", no: "没有", yes: "有",
    fever: "发热", cough: "咳嗽", sore_throat: "咽痛", loss_of_smell: "嗅觉味觉减退", diarrhoea: "腹泻", shortness_of_breath: "气短", other: "其他不适",
    which: "哪些？", comma: "、", honest: "如实申报不会因此被追究。有症状请先就医，就近发热门诊随时可去。",
  },
  {
    symptoms: "Do you have any of these symptoms now?", none: "No", some: "Yes", exposure: "In the last 7 days, did you meet somebody known to be infected, or come from abroad or a high-risk area?", no: "No", yes: "Yes",
    fever: "Fever", cough: "Cough", sore_throat: "Sore throat", loss_of_smell: "No smell or taste", diarrhoea: "Diarrhoea", shortness_of_breath: "Short of breath", other: "Something else",
    which: "Which?", comma: ", ", honest: "Nobody is blamed for an honest answer. With symptoms, see a doctor first; the fever clinic is open to you at any time.",
  },
);

export interface DeclarationDraft {
  readonly symptoms: boolean | null;
  readonly symptomList: readonly string[];
  readonly exposure: boolean | null;
}

export function declarationIsWhole(draft: DeclarationDraft, missing: string): Errors {
  const errors: Errors = {};
  if (draft.symptoms === null || (draft.symptoms && !draft.symptomList.length)) errors.symptoms = missing;
  if (draft.exposure === null) errors.exposure = missing;
  return errors;
}

function Question({ name, text, labels, value, error, change }: {
  readonly name: string; readonly text: string; readonly labels: readonly [string, string]; readonly value: boolean | null;
  readonly error: string | undefined; readonly change: (value: boolean) => void;
}) {
  return (
    <fieldset class="field" aria-describedby={error ? `${name}-error` : undefined}>
      <legend>{text}</legend>
      <div class="choices">
        {[false, true].map((answer) => (
          <label class="choice boxed" key={String(answer)}>
            <input type="radio" name={name} value={answer ? "yes" : "no"} checked={value === answer} onChange={() => change(answer)} />
            <span>{labels[answer ? 1 : 0]}</span>
          </label>
        ))}
      </div>
      {error ? <span class="error" id={`${name}-error`} tabIndex={-1}>{error}</span> : null}
    </fieldset>
  );
}

export function DeclarationStep({ draft, errors, change }: { readonly draft: DeclarationDraft; readonly errors: Errors; readonly change: (part: Partial<DeclarationDraft>) => void }) {
  const t = useTexts(TEXTS);
  const toggle = (one: string) => change({
    symptomList: draft.symptomList.includes(one) ? draft.symptomList.filter((other) => other !== one) : [...draft.symptomList, one],
    symptoms: true,
  });
  return (
    <>
      <p class="quiet">{SYMPTOMS.map((one) => t[one]).join(t.comma)}</p>
      <Question name="symptoms" text={t.symptoms} labels={[t.none, t.some]} value={draft.symptoms} error={errors.symptoms} change={(symptoms) => change({ symptoms })} />
      {draft.symptoms ? (
        <fieldset class="field">
          <legend>{t.which}</legend>
          <div class="choices">{SYMPTOMS.map((one) => (
            <label class="choice boxed" key={one}><input type="checkbox" checked={draft.symptomList.includes(one)} onChange={() => toggle(one)} /><span>{t[one]}</span></label>
          ))}</div>
        </fieldset>
      ) : null}
      <Question name="exposure" text={t.exposure} labels={[t.no, t.yes]} value={draft.exposure} error={errors.exposure} change={(exposure) => change({ exposure })} />
      <p class="quiet small">{t.honest}</p>
    </>
  );
}
