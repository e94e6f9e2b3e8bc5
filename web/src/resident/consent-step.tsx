/** The consent text by its version: what is stored is the version that was shown here. */

import { useEffect, useState } from "preact/hooks";
import { Problem, askAgain } from "../http";
import { fill, texts, useLanguage, useTexts } from "../language";
import { ProblemMessage } from "../ui";

const TEXTS = texts(
  { agree: "我已阅读，自愿申领，同意以上内容", version: "版本 {v}", waiting: "正在取得告知书……" },
  { agree: "I have read this, apply of my own will, and agree", version: "Version {v}", waiting: "Loading the text …" },
);

interface ConsentText {
  readonly version: string;
  readonly title?: string;
  readonly text?: string;
  readonly paragraphs?: readonly string[];
}

export function ConsentStep({ version, error, change }: { readonly version: string; readonly error: string | undefined; readonly change: (version: string) => void }) {
  const t = useTexts(TEXTS);
  const lang = useLanguage();
  const [shown, setShown] = useState<ConsentText | null>(null);
  const [problem, setProblem] = useState<Problem | null>(null);
  useEffect(() => {
    askAgain<ConsentText>(`/api/people/consent?lang=${lang}`).then(({ body }) => setShown(body), (failed: unknown) => setProblem(failed instanceof Problem ? failed : null));
  }, [lang]);
  if (problem) return <ProblemMessage problem={problem} />;
  if (!shown) return <p class="quiet" role="status">{t.waiting}</p>;
  const paragraphs = shown.paragraphs ?? (shown.text ?? "").split(/\n+/).filter(Boolean);
  return (
    <>
      <article class="card consent" tabIndex={0} aria-label={shown.title}>
        {shown.title ? <h2>{shown.title}</h2> : null}
        {paragraphs.map((line) => <p key={line}>{line}</p>)}
        <p class="quiet small">{fill(t.version, { v: shown.version })}</p>
      </article>
      <label class="choice boxed">
        <input type="checkbox" name="consent" checked={version === shown.version} aria-describedby={error ? "consent-error" : undefined}
          onChange={(event) => change(event.currentTarget.checked ? shown.version : "")} />
        <span>{t.agree}</span>
      </label>
      {error ? <span class="error" id="consent-error" tabIndex={-1}>{error}</span> : null}
    </>
  );
}
