/** The resident's page: welcome, apply, sign in; then Code · Scan · Family · Me. */

import { render } from "preact";
import { useEffect, useState } from "preact/hooks";
import { readerChange, reader, texts, useTexts } from "../language";
import { colorsAsk } from "../colors";
import { LanguageSwitch } from "../preferences";
import { soundWake } from "../signal";
import { useStore } from "../store";
import { Heading, Icon, ShapeSign } from "../ui";
import { ApplyPage, SignInPage } from "./apply";
import { CodePage } from "./code";
import { FamilyPage } from "./family";
import { MePage } from "./me";
import { ScanPage } from "./scan";
import { session } from "./session";

const TEXTS = texts(
  {
    brand: "山西健康码", skip: "跳到正文", code: "健康码", scan: "扫码", family: "家人", me: "我的", nav: "主要功能", elder: "大字",
    hello: "一个码，出行更安心", what: "山西健康码用来防控新冠疫情，只此一个用途。颜色由防疫记录按公布的规则得出，谁也不能随意改动；您随时能看到为什么、到什么时候。",
    apply: "申领健康码", applyHint: "约需一分钟：手机号、身份证号、住址、健康申报", signIn: "已申领，登录",
    free: "自愿申领。不申领、没有手机也能通行：凭身份证登记即可，任何场所不得拒绝。", pending: "登录或申领后，将登记您刚扫的场所码。",
  },
  {
    brand: "Shanxi Health Code", skip: "Skip to content", code: "Code", scan: "Scan", family: "Family", me: "Me", nav: "Main", elder: "Large type",
    hello: "One code to get around", what: "The Shanxi health code serves epidemic control and nothing else. Its color follows from recorded facts by published rules; nobody can simply set it, and you can always see why and until when.",
    apply: "Apply for a code", applyHint: "About a minute: mobile number, ID number, address, health declaration", signIn: "I have one: sign in",
    free: "Applying is voluntary. Without a code or a phone you pass by registering with your ID card; no place may refuse you.", pending: "After you sign in or apply, the venue code that you scanned is recorded.",
  },
);

const TABS = ["code", "scan", "family", "me"] as const;
type Tab = (typeof TABS)[number];
type Route = Tab | "apply" | "signin" | "welcome";

function routeRead(): Route {
  const name = location.hash.slice(1);
  return name === "apply" || name === "signin" || TABS.includes(name as Tab) ? (name as Route) : "welcome";
}

/** A venue's code opened with any camera arrives as a link to `/v#…`: take it, and clean the address. */
function pendingRead(): string | null {
  if (location.pathname.replace(/\/$/, "") !== "/v" || location.hash.length < 2) return null;
  const code = location.href;
  history.replaceState(null, "", "/#scan");
  return code;
}

function Welcome({ pending }: { readonly pending: boolean }) {
  const t = useTexts(TEXTS);
  const { elder } = useStore(reader);
  return (
    <div class="page welcome">
      <div class="emblem" aria-hidden="true">
        <span data-hue="green"><ShapeSign name="circle-check" size="huge" /></span>
      </div>
      <Heading>{t.hello}</Heading>
      <p>{t.what}</p>
      {pending ? <p class="card">{t.pending}</p> : null}
      <a class="button primary wide" href="#apply">{t.apply}</a>
      <p class="quiet small center">{t.applyHint}</p>
      <a class="button wide" href="#signin">{t.signIn}</a>
      <p class="card small">{t.free}</p>
      <button type="button" class="button plain wide" aria-pressed={elder} onClick={() => readerChange({ elder: !elder })}><Icon name="large" />{t.elder}</button>
    </div>
  );
}

function Tabs({ current }: { readonly current: Tab }) {
  const t = useTexts(TEXTS);
  return (
    <nav class="tabbar" aria-label={t.nav}>
      {TABS.map((tab) => <a key={tab} href={`#${tab}`} {...(tab === current ? { "aria-current": "page" as const } : {})} onClick={soundWake}><Icon name={tab} /><span>{t[tab]}</span></a>)}
    </nav>
  );
}

function App({ first }: { readonly first: string | null }) {
  const t = useTexts(TEXTS);
  const held = useStore(session);
  const [route, setRoute] = useState<Route>(routeRead());
  const [pending, setPending] = useState<string | null>(first);
  useEffect(() => {
    const follow = () => {
      const code = pendingRead();
      if (code) setPending(code);
      setRoute(code ? "scan" : routeRead());
      window.scrollTo(0, 0);
    };
    addEventListener("hashchange", follow);
    setRoute(routeRead()); // it may have changed between the first drawing and now
    return () => removeEventListener("hashchange", follow);
  }, []);
  useEffect(() => {
    document.title = t.brand;
  }, [t]);
  const tab: Tab = pending ? "scan" : TABS.includes(route as Tab) ? (route as Tab) : "code";
  const leave = () => {
    location.hash = "";
  };
  return (
    <>
      <a class="skip-link" href="#main" onClick={(event) => { event.preventDefault(); document.getElementById("main")?.focus(); }}>{t.skip}</a>
      <header class="phone-top"><span class="brand">{t.brand}</span><LanguageSwitch /></header>
      <main id="main" tabIndex={-1}>
        {!held ? (route === "apply" ? <ApplyPage leave={leave} /> : route === "signin" ? <SignInPage leave={leave} /> : <Welcome pending={pending !== null} />)
          : tab === "scan" ? <ScanPage pending={pending} taken={() => { setPending(null); setRoute("scan"); }} />
            : tab === "family" ? <FamilyPage /> : tab === "me" ? <MePage /> : <CodePage />}
      </main>
      {held ? <Tabs current={tab} /> : null}
    </>
  );
}

void colorsAsk();
const root = document.getElementById("app");
if (root) render(<App first={pendingRead()} />, root);
if ("serviceWorker" in navigator && isSecureContext) void navigator.serviceWorker.register("/sw.js").catch(() => undefined);
