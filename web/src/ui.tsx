/** The handful of components that all phone pages are made of. */

import type { ComponentChildren, JSX } from "preact";
import { useEffect, useId, useRef, useState } from "preact/hooks";
import type { Problem } from "./http";
import { texts, useLanguage, useTexts } from "./language";
import { ICONS, SHAPES } from "./shapes";
import { signOf, signWord } from "./states";

const TEXTS = texts(
  {
    offline: "连不上网络。请检查网络后再试一次。",
    timeout: "服务器没有及时回答。请稍等片刻再试一次。",
    busy: "现在使用的人很多。请稍等片刻再试一次。",
    signedOut: "登录已失效，请重新登录。",
    failed: "没有办成。请再试一次；一直不行请拨打 12345。",
  },
  {
    offline: "No connection. Check your network and try again.",
    timeout: "The server did not answer in time. Wait a moment and try again.",
    busy: "Very many people are using this right now. Wait a moment and try again.",
    signedOut: "Your session has ended. Please sign in again.",
    failed: "That did not work. Try again; if it keeps failing, call 12345.",
  },
);

/** The sign of a state. Give `label` only where no word stands beside it. */
export function ShapeSign({ name, size, label }: { readonly name: string; readonly size?: "big" | "huge"; readonly label?: string }) {
  const shape = SHAPES[name] ?? SHAPES["square-question"];
  if (!shape) return null;
  const ink = shape.hollow ? "var(--hue-edge)" : "var(--hue-on)";
  return (
    <svg class={`shape ${size ?? ""}`} viewBox="0 0 32 32" {...(label ? { role: "img", "aria-label": label } : { "aria-hidden": "true" })}>
      {shape.hollow
        ? <path d={shape.body} fill="none" stroke="var(--hue-edge)" stroke-width="2" stroke-dasharray="4.5 3" />
        : <path d={shape.body} fill="var(--hue)" stroke="var(--hue-edge)" stroke-width="1.6" stroke-linejoin="round" />}
      <path d={shape.mark} fill="none" stroke={ink} stroke-width="3.4" stroke-linecap="round" stroke-linejoin="round" />
    </svg>
  );
}

export function Icon({ name }: { readonly name: string }) {
  return <svg class="icon" viewBox="0 0 32 32" aria-hidden="true"><path d={ICONS[name] ?? ""} /></svg>;
}

export function State({ id, size }: { readonly id: string; readonly size?: "big" | "huge" }) {
  const lang = useLanguage();
  const sign = signOf(id);
  return <span class="state" data-hue={sign.hue}><ShapeSign name={sign.shape} {...(size ? { size } : {})} />{signWord(id, lang)}</span>;
}

export function Message({ hue = "grey", shape, children, alert }: { readonly hue?: string; readonly shape?: string; readonly children: ComponentChildren; readonly alert?: boolean }) {
  const drawn = shape ?? ({ green: "circle-check", yellow: "triangle-bar", red: "octagon-cross" } as Record<string, string>)[hue] ?? "square-alert";
  return <div class="message" data-hue={hue} role={alert ? "alert" : "status"}><ShapeSign name={drawn} /><div>{children}</div></div>;
}

/** Says in words what went wrong and what to do next. */
export function useProblemText(): (problem: Problem) => string {
  const t = useTexts(TEXTS);
  return (problem) => {
    if (problem.detail) return problem.detail;
    if (problem.code === "timeout") return t.timeout;
    if (problem.status === 0) return t.offline;
    if (problem.status === 401) return t.signedOut;
    return problem.passing ? t.busy : t.failed;
  };
}

export function ProblemMessage({ problem }: { readonly problem: Problem | null }) {
  const say = useProblemText();
  return problem ? <Message hue="red" alert>{say(problem)}</Message> : null;
}

interface FieldProps {
  readonly label: string;
  readonly hint?: string | undefined;
  readonly error?: string | undefined;
  /** Renders the control with what ties it to label, hint and error. */
  readonly children: (tie: { id: string; "aria-describedby"?: string; "aria-invalid"?: "true" }) => JSX.Element;
}

export function Field({ label, hint, error, children }: FieldProps) {
  const id = useId();
  const described = [hint ? `${id}-hint` : "", error ? `${id}-error` : ""].filter(Boolean).join(" ");
  return (
    <div class="field">
      <label for={id}>{label}</label>
      {hint ? <span class="hint" id={`${id}-hint`}>{hint}</span> : null}
      {children({ id, ...(described ? { "aria-describedby": described } : {}), ...(error ? { "aria-invalid": "true" as const } : {}) })}
      {error ? <span class="error" id={`${id}-error`}>{error}</span> : null}
    </div>
  );
}

/** Moves the focus to the heading of a page that has just been shown, so that a screen reader starts there. */
export function Heading({ children }: { readonly children: ComponentChildren }) {
  const ref = useRef<HTMLHeadingElement>(null);
  useEffect(() => ref.current?.focus({ preventScroll: true }), []);
  return <h1 ref={ref} tabIndex={-1} class="heading">{children}</h1>;
}

/** The instant now, renewed every `everyMs`, in step with whole seconds. `skewMs`: the server's clock minus ours. */
export function useNow(everyMs: number, skewMs = 0): number {
  const [now, set] = useState(() => Date.now() + skewMs);
  useEffect(() => {
    let timer = 0;
    const tick = () => {
      const at = Date.now() + skewMs;
      set(at);
      timer = window.setTimeout(tick, everyMs - (at % everyMs) + 5);
    };
    tick();
    return () => clearTimeout(timer);
  }, [everyMs, skewMs]);
  return now;
}
