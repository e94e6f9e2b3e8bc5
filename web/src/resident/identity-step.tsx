/** Name, document, and where the person lives now. */

import { useEffect, useState } from "preact/hooks";
import { Problem, askAgain } from "../http";
import { texts, useLanguage, useTexts } from "../language";
import { Field, ProblemMessage } from "../ui";
import type { Errors } from "./apply";
import { KINDS, type Kind } from "./documents";

const TEXTS = texts(
  {
    name: "姓名", kind: "证件类型", number: "证件号码", city: "现居住市", county: "县（市、区）", choose: "请选择", address: "详细地址",
    addressHint: "街道、小区或村、门牌。只有所在县的工作人员因防疫需要才能看到。", nameHint: "与证件一致",
    resident_id: "居民身份证", passport: "护照", hk_macao_permit: "港澳居民来往内地通行证", taiwan_permit: "台湾居民来往大陆通行证", foreign_pr: "外国人永久居留身份证",
  },
  {
    name: "Name", kind: "Document", number: "Document number", city: "City where you live now", county: "County or district", choose: "Choose", address: "Address",
    addressHint: "Street, compound or village, number. Only your county's officers can see it, and only for epidemic work.", nameHint: "As on the document",
    resident_id: "Resident ID card", passport: "Passport", hk_macao_permit: "Mainland travel permit, Hong Kong and Macao", taiwan_permit: "Mainland travel permit, Taiwan", foreign_pr: "Foreign permanent resident ID card",
  },
);

export interface IdentityDraft {
  readonly name: string;
  readonly kind: Kind;
  readonly number: string;
  readonly city: string;
  readonly residence: string;
  readonly address: string;
}

interface Division {
  readonly code: string;
  readonly name_zh: string;
  readonly name_en: string;
  readonly level: "province" | "city" | "county";
  readonly parent: string | null;
}

let divisionsAsked: Promise<readonly Division[]> | null = null;

/** Cities and counties, asked once per page; a failure may be tried again. */
function divisions(): Promise<readonly Division[]> {
  divisionsAsked ??= askAgain<{ divisions: readonly Division[] }>("/api/people/divisions").then(
    ({ body }) => body.divisions,
    (error: unknown) => {
      divisionsAsked = null;
      throw error;
    },
  );
  return divisionsAsked;
}

interface Props {
  readonly draft: IdentityDraft;
  readonly errors: Errors;
  readonly change: (part: Partial<IdentityDraft>) => void;
}

function ResidencePickers({ draft, errors, change }: Props) {
  const t = useTexts(TEXTS);
  const lang = useLanguage();
  const [all, setAll] = useState<readonly Division[]>([]);
  const [problem, setProblem] = useState<Problem | null>(null);
  useEffect(() => {
    divisions().then(setAll, (error: unknown) => setProblem(error instanceof Problem ? error : null));
  }, []);
  const name = (one: Division) => (lang === "zh" ? one.name_zh : one.name_en);
  const options = (level: string, parent?: string) => all.filter((one) => one.level === level && (!parent || one.parent === parent))
    .map((one) => <option key={one.code} value={one.code}>{name(one)}</option>);
  return (
    <>
      <ProblemMessage problem={problem} />
      <Field label={t.city} error={draft.city ? undefined : errors.residence}>
        {(tie) => (
          <select {...tie} name="city" value={draft.city} onChange={(event) => change({ city: event.currentTarget.value, residence: "" })}>
            <option value="">{t.choose}</option>{options("city")}
          </select>
        )}
      </Field>
      <Field label={t.county} error={draft.city ? errors.residence : undefined}>
        {(tie) => (
          <select {...tie} name="residence" value={draft.residence} disabled={!draft.city} onChange={(event) => change({ residence: event.currentTarget.value })}>
            <option value="">{t.choose}</option>{draft.city ? options("county", draft.city) : null}
          </select>
        )}
      </Field>
    </>
  );
}

interface DocumentProps {
  readonly draft: Pick<IdentityDraft, "kind" | "number">;
  readonly error: string | undefined;
  readonly change: (part: Partial<Pick<IdentityDraft, "kind" | "number">>) => void;
}

export function DocumentFields({ draft, error, change }: DocumentProps) {
  const t = useTexts(TEXTS);
  return (
    <>
      <Field label={t.kind}>
        {(tie) => (
          <select {...tie} name="document_kind" value={draft.kind} onChange={(event) => change({ kind: event.currentTarget.value as Kind })}>
            {KINDS.map((kind) => <option key={kind} value={kind}>{t[kind]}</option>)}
          </select>
        )}
      </Field>
      <Field label={t.number} error={error}>
        {(tie) => (
          <input {...tie} class="code-input" name="document_number" autoComplete="off" autoCapitalize="characters" spellcheck={false} maxLength={24}
            value={draft.number} onInput={(event) => change({ number: event.currentTarget.value })} />
        )}
      </Field>
    </>
  );
}

export function IdentityStep(props: Props) {
  const { draft, errors, change } = props;
  const t = useTexts(TEXTS);
  return (
    <>
      <Field label={t.name} hint={t.nameHint} error={errors.name}>
        {(tie) => <input {...tie} name="name" autoComplete="name" maxLength={60} value={draft.name} onInput={(event) => change({ name: event.currentTarget.value })} />}
      </Field>
      <DocumentFields draft={draft} error={errors.number} change={change} />
      <ResidencePickers {...props} />
      <Field label={t.address} hint={t.addressHint} error={errors.address}>
        {(tie) => <input {...tie} name="address" autoComplete="street-address" maxLength={120} value={draft.address} onInput={(event) => change({ address: event.currentTarget.value })} />}
      </Field>
    </>
  );
}
