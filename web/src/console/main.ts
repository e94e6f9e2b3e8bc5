/**
 * The keyboard of the consoles, for pages rendered by the server.
 *
 * `j` / `k` walk the rows of `[data-queue]`, `Enter` opens the one that has the focus, a key named by `data-key` presses
 * that control, `/` goes to `[data-search]`, `?` shows every key of this page, `Escape` leaves a field or the help.
 * Typing into a field is never taken for a command. Also: dialogs by `data-opens`, live clocks by `data-due`, and
 * parts that keep themselves true by `data-refreshes` (seconds).
 */

const TEXTS = {
  zh: { title: "键盘快捷键", next: "下一件", previous: "上一件", open: "打开", search: "搜索", help: "显示本帮助", close: "关闭",
    overdue: "已超时", left: "还剩", day: "天", hour: "小时", minute: "分" },
  en: { title: "Keyboard", next: "next item", previous: "previous item", open: "open", search: "search", help: "show this help", close: "Close",
    overdue: "overdue by", left: "due in", day: "d", hour: "h", minute: "min" },
} as const;

const words = TEXTS[document.documentElement.lang.startsWith("en") ? "en" : "zh"];

function rows(): HTMLElement[] {
  const all = document.querySelectorAll<HTMLElement>("[data-queue] > .queue-item > a, [data-row]");
  return [...all].filter((row) => !row.closest("[hidden]"));
}

function walk(step: 1 | -1): void {
  const all = rows();
  if (!all.length) return;
  const here = all.findIndex((row) => row === document.activeElement || row.getAttribute("aria-current") === "true");
  const next = all[Math.min(all.length - 1, Math.max(0, here < 0 ? 0 : here + step))];
  next?.focus();
  next?.scrollIntoView({ block: "nearest" });
}

function isTyping(target: EventTarget | null): boolean {
  return target instanceof HTMLElement && (target.isContentEditable || /^(INPUT|TEXTAREA|SELECT)$/.test(target.tagName)
    && !["checkbox", "radio", "button", "submit"].includes((target as HTMLInputElement).type));
}

function press(key: string): boolean {
  const control = document.querySelector<HTMLElement>(`[data-key="${CSS.escape(key)}"]`);
  if (!control || control.closest("[hidden]")) return false;
  control.focus();
  if (!(control instanceof HTMLInputElement || control instanceof HTMLTextAreaElement)) control.click();
  return true;
}

function helpRows(): [string, string][] {
  const own = [...document.querySelectorAll<HTMLElement>("[data-key]")]
    .map((control): [string, string] => [control.dataset["key"] ?? "", control.dataset["keyLabel"] ?? control.textContent?.trim() ?? ""]);
  const walking: [string, string][] = rows().length ? [["j", words.next], ["k", words.previous], ["Enter", words.open]] : [];
  return [...walking, ...own, ["/", words.search], ["?", words.help]];
}

function helpShow(): void {
  document.querySelector("dialog.keyboard-help")?.remove();
  const dialog = document.createElement("dialog");
  dialog.className = "keyboard-help";
  const title = document.createElement("h2");
  title.textContent = words.title;
  const list = document.createElement("dl");
  list.className = "shortcuts";
  for (const [key, label] of helpRows()) {
    const term = document.createElement("dt");
    const kbd = document.createElement("kbd");
    kbd.textContent = key;
    term.append(kbd);
    const text = document.createElement("dd");
    text.textContent = label;
    list.append(term, text);
  }
  const close = document.createElement("button");
  close.className = "button";
  close.textContent = words.close;
  close.addEventListener("click", () => dialog.close());
  dialog.append(title, list, close);
  dialog.addEventListener("close", () => dialog.remove());
  document.body.append(dialog);
  dialog.showModal();
}

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  if (event.key === "Escape" && isTyping(event.target)) return (event.target as HTMLElement).blur();
  if (isTyping(event.target) || document.querySelector("dialog[open]")) return;
  if (event.key === "j") walk(1);
  else if (event.key === "k") walk(-1);
  else if (event.key === "?") helpShow();
  else if (event.key === "/" && document.querySelector("[data-search]")) document.querySelector<HTMLElement>("[data-search]")?.focus();
  else if (!press(event.key)) return;
  event.preventDefault();
});

document.addEventListener("click", (event) => {
  const target = event.target instanceof Element ? event.target : null;
  const opens = target?.closest<HTMLElement>("[data-opens]")?.dataset["opens"];
  if (opens) document.querySelector<HTMLDialogElement>(`dialog#${CSS.escape(opens)}`)?.showModal();
  if (target?.closest("[data-closes]")) target.closest("dialog")?.close();
});

/** Typing into the queue's search leaves only the rows of this page that contain it. */
document.addEventListener("input", (event) => {
  if (!(event.target instanceof HTMLInputElement) || !event.target.matches("[data-search]")) return;
  const wanted = event.target.value.trim().toLowerCase();
  for (const row of document.querySelectorAll<HTMLElement>("[data-queue] > *")) {
    row.hidden = wanted !== "" && !(row.textContent ?? "").toLowerCase().includes(wanted);
  }
});

/** Says a span of minutes in the two largest units that matter: 2 h 10 min, 3 d 4 h. */
function spanText(minutes: number): string {
  const days = Math.floor(minutes / 1440);
  const hours = Math.floor((minutes % 1440) / 60);
  const rest = minutes % 60;
  const space = words === TEXTS.zh ? "" : " ";
  const part = (n: number, unit: string) => `${n}${space}${unit}`;
  if (days) return [part(days, words.day), ...(hours ? [part(hours, words.hour)] : [])].join(" ");
  if (hours) return [part(hours, words.hour), ...(rest ? [part(rest, words.minute)] : [])].join(" ");
  return part(rest, words.minute);
}

/** `<span class="clock" data-due="2026-11-23T10:00:00Z">`: keeps word, shape and urgency of a deadline true. */
function clocksUpdate(now: number): void {
  for (const clock of document.querySelectorAll<HTMLElement>(".clock[data-due]")) {
    const left = Math.round((Date.parse(clock.dataset["due"] ?? "") - now) / 60_000);
    if (Number.isNaN(left)) continue;
    const state = left < 0 ? "overdue" : left <= Number(clock.dataset["soonMinutes"] ?? 60) ? "soon" : "calm";
    clock.dataset["clock"] = state;
    const text = clock.querySelector("[data-clock-text]") ?? clock;
    text.textContent = `${left < 0 ? words.overdue : words.left} ${spanText(Math.abs(left))}`;
    const use = clock.querySelector("use");
    use?.setAttribute("href", (use.getAttribute("href") ?? "").replace(/#.*/, state === "overdue" ? "#icon-overdue" : "#icon-clock"));
  }
}

clocksUpdate(Date.now());
setInterval(() => clocksUpdate(Date.now()), 30_000);
document.addEventListener("htmx:afterSwap", () => clocksUpdate(Date.now()));

/** `<section id="…" data-refreshes="2">` is fetched again until the server no longer says so; nothing else is touched. */
async function partsRefresh(): Promise<void> {
  const part = document.querySelector<HTMLElement>("[data-refreshes][id]");
  if (!part) return;
  const answer = await fetch(location.href, { headers: { accept: "text/html" } }).catch(() => null);
  const fresh = answer?.ok ? new DOMParser().parseFromString(await answer.text(), "text/html").getElementById(part.id) : null;
  if (fresh) part.replaceWith(fresh);
  refreshLater();
}

function refreshLater(): void {
  const seconds = Number(document.querySelector<HTMLElement>("[data-refreshes][id]")?.dataset["refreshes"]);
  if (seconds > 0) setTimeout(() => void partsRefresh(), seconds * 1000);
}

refreshLater();
