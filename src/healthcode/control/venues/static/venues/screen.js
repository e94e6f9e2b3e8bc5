// A venue's screen: asks for the next minute's code when this one ends. A code that could not be renewed is taken off the
// screen: it would be refused, and people would wait.
const page = document.querySelector("[data-code-url]");
const code = page.querySelector("[data-code]");
const lost = page.querySelector("[data-lost]");
const clock = page.querySelector("[data-clock]");
const RETRY_MS = 3000;

function after(milliseconds) {
  setTimeout(renew, Math.max(200, milliseconds + 50));
}

async function renew() {
  try {
    const answer = await fetch(page.dataset.codeUrl, { headers: { accept: "application/json" }, redirect: "error", cache: "no-store" });
    if (!answer.ok) throw new Error(String(answer.status));
    const next = await answer.json();
    const drawn = new DOMParser().parseFromString(next.svg, "image/svg+xml").documentElement;
    code.replaceChildren(document.importNode(drawn, true));
    code.hidden = false;
    lost.hidden = true;
    after(next.renew_in_ms);
  } catch {
    code.hidden = true;
    lost.hidden = false;
    after(RETRY_MS);
  }
}

function tick() {
  clock.textContent = new Date().toLocaleTimeString(document.documentElement.lang, { hour12: false, timeZone: "Asia/Shanghai" });
}

tick();
setInterval(tick, 1000);
after(Number(page.dataset.renewInMs));
// keep a tablet's screen on where the browser can
navigator.wakeLock?.request("screen").catch(() => {});
