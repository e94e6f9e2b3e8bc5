// Development only: serves web/dist with an invented edge and control, so that pages can be looked at alone.
// node dev/server.mjs [PORT]. Who one signs in as decides the state: phones ending in 91 yellow, 92 red, 93 unknown, 94 absent.
import { createServer } from "node:http";
import { readFile } from "node:fs/promises";
import { dirname, extname, join, normalize } from "node:path";
import { fileURLToPath } from "node:url";

const dist = join(dirname(fileURLToPath(import.meta.url)), "..", "dist");
const port = Number(process.argv[2] ?? 5180);
const TYPES = { ".html": "text/html; charset=utf-8", ".js": "text/javascript", ".css": "text/css", ".svg": "image/svg+xml", ".webmanifest": "application/manifest+json" };
const CSP = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; connect-src 'self'; media-src 'self' blob: mediastream:; font-src 'self'; manifest-src 'self'; worker-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'";
const MINUTE = 60_000;
const DAY = 1440;
const ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ $%*+-./:";

const minuteNow = () => Math.floor(Date.now() / MINUTE);
const fresh = { level: "fresh", age_s: 0.4, clock: "ok" };
/** The minute of a local midnight, `days` from today (Asia/Shanghai). */
const midnight = (days) => (Math.floor((minuteNow() + 480) / DAY) + days) * DAY - 480;
const PEOPLE = {
  green: { name: "林*", state: "green", grounds: [], next: null },
  yellow: { name: "赵**", state: "yellow", next: "green", grounds: [ground("yellow", -8, 2, "您是一名感染者的密切接触者，最后接触日为 11 月 15 日，现为居家监测阶段。", "You were a close contact of an infected person, last on 15 November; you are now in home monitoring.", "还须在 11 月 25 日（第 10 天）做一次核酸检测；结果为阴性，当日结束时转为绿码。", "One more test is due on 25 November (day 10). If it is negative, you turn green when that day ends.")] },
  red: { name: "赵**", state: "red", next: "yellow", grounds: [ground("red", 0, 6, "您是一名感染者的密切接触者，最后接触日为 11 月 22 日，须集中隔离至第 7 天。", "You were a close contact of an infected person, last on 22 November; quarantine lasts to day 7.", "须在第 1、2、3、5、7 天做核酸检测。全部为阴性，第 7 天结束时转为黄码，第 10 天结束时转为绿码。", "Tests are due on days 1, 2, 3, 5 and 7. If all are negative, you turn yellow when day 7 ends and green when day 10 ends."), ground("yellow", -1, 2, "您到过有感染者的场所（平遥县城关农贸市场）。", "You were at a place where an infected person had been (Chengguan market, Pingyao).", "须在第 1、3 天各做一次核酸检测，均为阴性后解除。", "Two tests, on days 1 and 3; when both are negative this ends.")] },
  unknown: { name: "孙**", state: "unknown", grounds: [], next: null },
  absent: { name: "孙**", state: "absent", grounds: [], next: null },
};

function ground(color, since, until, zh, en, wayZh, wayEn) {
  return { rule: "close-contact", phase: color, color, since_minute: midnight(since), until_minute: midnight(until), text: { zh, en }, way_out: { zh: wayZh, en: wayEn }, held: false, next_change_minute: null, tests_due: [], office: "平遥县疫情防控赋码专班", phone: "0354-5620000" };
}

function state(session) {
  const person = PEOPLE[session] ?? PEOPLE.green;
  return {
    state: person.state, until_minute: person.next ? midnight(session === "red" ? 6 : 2) : null, next_state: person.next, notices: session === "green-notice" ? [{ id: "tests-due", zh: "您须在 11 月 25 日前完成两次核酸检测。", en: "Two tests are due by 25 November." }] : [],
    grounds: person.grounds, doses: 3, last_negative_minute: minuteNow() - 19 * 60, freshness: fresh, masked_name: person.name, region: "140000", server_time_ms: Date.now(), hint_s: 60,
  };
}

function code(minute) {
  let text = "HL1:";
  for (let i = 0, seed = minute; i < 72; i += 1) { seed = (seed * 1103515245 + 12345) % 2147483648; text += ALPHABET[seed % 45]; }
  return text;
}

const problem = (status, name, title, detail, errors) => ({ status, type: "application/problem+json", body: { type: `urn:healthcode:problem:${name}`, title, status, detail, code: name, ...(errors ? { errors } : {}) } });
const venue = { number: 7, name: "平遥县城关农贸市场", address: "平遥县古陶镇顺城路 88 号", type: "market", checkpoint: 1, checkpoint_name: "南门" };
const verdicts = { green: ["pass", "ok", null], yellow: ["do_not_pass", "color_yellow", "color"], red: ["do_not_pass", "color_red", "color"] };

function judged(outcome) {
  const [verdict, reason, failed] = verdicts[outcome] ?? ["pass_with_register", `system_${outcome}`, null];
  return { outcome, verdict, reason, failed_condition: failed };
}

function checked(body) {
  if (body.document) return body.document.name === "林晓雨" ? { ...judged("green"), masked_name: "林**", last: 19 } : { ...judged("unknown"), masked_name: null, last: null };
  const text = body.code ?? "";
  if (text.startsWith("HL1:RED")) return { ...judged("red"), masked_name: "赵**", last: 30 };
  if (text.startsWith("HL1:YELLOW")) return { ...judged("yellow"), masked_name: "钱*", last: 30 };
  if (text.startsWith("HL1:OLDTEST")) return { outcome: "green", verdict: "do_not_pass", reason: "test_age", failed_condition: "test_age", condition: { zh: "本场所要求48小时内核酸检测阴性，最近一次采样在81小时前。平遥县：平疫指〔2022〕18号，至10月17日24:00。", en: "This place asks for a negative test of the last 48 hours; the last was sampled 81 hours ago. Pingyao: 平疫指〔2022〕18号, until 2022-10-18 00:00." }, masked_name: "林*", last: 81 };
  if (text.startsWith("HL1:EXPIRED")) return { outcome: "expired", verdict: "use_id_card", reason: "code_expired", failed_condition: "code", masked_name: "林*", last: null };
  if (text.startsWith("HL1:")) return { ...judged("green"), masked_name: "林*", last: 19 };
  return { outcome: "forged", verdict: "use_id_card", reason: "code_forged", failed_condition: "code", masked_name: null, last: null };
}

const COLORS = [["green", 2, "绿码", "Green", "circle_check", "high_tone", [80], "#0b7a43"], ["yellow", 3, "黄码", "Yellow", "triangle_bar", "two_tones", [150, 80, 150], "#f6bb1a"], ["red", 4, "红码", "Red", "octagon_cross", "long_low_tone", [600], "#b3201f"]]
  .map(([id, number, zh, en, shape, sound, vibration, solid], severity) => ({ id, state: number, severity, word: { zh, en }, shape, sound, vibration, hue: { solid: { green: "#12804a", yellow: "#d99a00", red: "#c0271d" }[id] } }));

const DIVISIONS = [["140000", "山西省", "Shanxi", "province", null], ["140100", "太原市", "Taiyuan", "city", "140000"], ["140700", "晋中市", "Jinzhong", "city", "140000"], ["140105", "小店区", "Xiaodian", "county", "140100"], ["140728", "平遥县", "Pingyao", "county", "140700"], ["140702", "榆次区", "Yuci", "county", "140700"]]
  .map(([id, zh, en, level, parent]) => ({ code: id, name_zh: zh, name_en: en, level, parent }));

const CONSENT = { version: "2022-10", title: "个人信息处理告知书", text: "我们收集您的姓名、证件、手机号、住址和健康申报，只用于新冠疫情防控。\n姓名、证件、手机号、住址逐项加密保存，展示时一律脱敏。\n您可以随时撤回同意；疫情结束后，这些信息将按规定销毁并向社会公告。" };
const CONSENT_EN = { version: "2022-10", title: "How your data is used", text: "We collect your name, document, phone number, address and health declaration, for epidemic control only.\nEach is encrypted on its own and always shown masked.\nYou may withdraw at any time; when the epidemic ends the data is destroyed and the public is told." };

function answer(method, path, query, body, bearer) {
  const sessionOf = (phone) => ({ 91: "yellow", 92: "red", 93: "unknown", 94: "absent" })[phone.slice(-2)] ?? "green";
  const person = (name) => ({ session: name, masked_name: (PEOPLE[name] ?? PEOPLE.green).name, masked_document: "14************21" });
  switch (`${method} ${path}`) {
    case "POST /v1/codes": return bearer ? { body: { ...state(bearer), codes: Array.from({ length: body.minutes ?? 30 }, (_, i) => ({ minute: minuteNow() + i, text: code(minuteNow() + i) })), session: null } } : problem(401, "session_missing", "尚未登录", "请先登录。");
    case "GET /v1/state": return bearer ? { body: state(bearer), etag: `W/"${bearer}"` } : problem(401, "session_missing", "尚未登录", "请先登录。");
    case "GET /v1/colors": return { body: { version: "1", region: "140000", made_at_ms: Date.now(), freshness: fresh, colors: COLORS, policies: [] }, etag: '"1"' };
    case "POST /v1/checks": { const { last, ...found } = checked(body); return { body: { check: "1", ...found, last_negative_minute: last && minuteNow() - last * 60, test_age_h: last, notices: [], freshness: fresh, visit: "stored", server_time_ms: Date.now() } }; }
    case "POST /v1/visits": return body.code.includes("FORGED") ? problem(422, "venue_code_forged", "场所码不真实", "此码不是本系统签发，请勿相信，并向现场人员报告。")
      : { body: { visit: body.key, grade: body.code.includes(".") ? "rotating" : "static", ...judged((PEOPLE[bearer] ?? PEOPLE.green).state), venue, masked_name: (PEOPLE[bearer] ?? PEOPLE.green).name, freshness: fresh, server_time_ms: Date.now() } };
    case "POST /api/people/phone-codes": return { body: { expires_in: 300, retry_after: 60, demo: true } };
    case "GET /demo/phone-codes": return { body: { code: "246810" } };
    case "POST /api/people/sessions": return body.phone_code === "246810" ? { body: person(sessionOf(body.phone)) } : problem(422, "phone_code_wrong", "验证码不对", "验证码不对或已过期，请重新获取。", [{ field: "phone_code", message: "验证码不对或已过期，请重新获取。" }]);
    case "POST /api/people/applications": return body.phone_code === "246810" ? { body: person(sessionOf(body.phone)), status: 201 } : problem(422, "phone_code_wrong", "验证码不对", "验证码不对或已过期，请重新获取。", [{ field: "phone_code", message: "验证码不对或已过期，请重新获取。" }]);
    case "GET /api/people/me": return { body: { masked_name: "林*", masked_document: "14************21", masked_phone: "139****0000", residence: { code: "140728", zh: "平遥县", en: "Pingyao" }, tests: [{ sampled_minute: minuteNow() - 1140, result: "negative", pool_size: 10, source: "平遥县人民医院" }], decisions: [{ id: "1", at_minute: minuteNow() - 3000, color: "green", rules: [], ruleset: "ninth-edition", decided_in: { zh: "平遥县", en: "Pingyao" } }], looks: [{ at_minute: minuteNow() - 2000, office: { zh: "平遥县赋码专班", en: "Pingyao county desk" }, post: { zh: "核查岗", en: "investigation" }, what: { zh: "受理了与您有关的线索，可见您的电话和住址", en: "took up a lead about you, with your phone and address" }, purpose: "核查密接线索" }], told: [{ at_minute: minuteNow() - 3000, kind: "color_improved", state: "sent", zh: "您的健康码已转为绿码。", en: "Your health code is green now." }], texts: true } };
    case "POST /api/notices/choice": return { body: { texts: body.texts } };
    case "POST /api/people/withdrawal": return { body: {} };
    case "GET /api/people/consent": return { body: query.get("lang") === "en" ? CONSENT_EN : CONSENT };
    case "GET /api/people/divisions": return { body: { divisions: DIVISIONS } };
    case "POST /api/venues/inspectors/accept": return { body: { session: "inspector", inspector: 1, label: "早班", venue: { number: 7, name: venue.name }, checkpoint: { number: 1, name: venue.checkpoint_name }, expires: minuteNow() + DAY } };
    case "POST /api/venues/inspectors/renew": return { body: { session: "inspector", inspector: 1, label: "早班", venue: { number: 7, name: venue.name }, checkpoint: { number: 1, name: venue.checkpoint_name }, expires: minuteNow() + DAY } };
    default: return null;
  }
}

async function file(path) {
  const name = normalize(path === "/" ? "/index.html" : extname(path) ? path : `${path}.html`);
  return { bytes: await readFile(join(dist, name)), type: TYPES[extname(name)] ?? "application/octet-stream" };
}

createServer(async (request, response) => {
  const url = new URL(request.url ?? "/", "http://localhost");
  let text = "";
  for await (const part of request) text += part;
  const bearer = request.headers.authorization?.replace("Bearer ", "");
  const found = answer(request.method, url.pathname, url.searchParams, text ? JSON.parse(text) : {}, bearer);
  if (found) {
    if (found.etag && request.headers["if-none-match"] === found.etag) return response.writeHead(304, { etag: found.etag }).end();
    const headers = { "content-type": found.type ?? "application/json", "cache-control": "no-store", ...(found.etag ? { etag: found.etag } : {}) };
    return response.writeHead(found.status ?? 200, headers).end(JSON.stringify(found.body));
  }
  try {
    const { bytes, type } = await file(url.pathname);
    response.writeHead(200, { "content-type": type, "content-security-policy": CSP, "cache-control": "no-cache" }).end(bytes);
  } catch {
    response.writeHead(404, { "content-type": "application/problem+json" }).end(JSON.stringify({ code: "not_found", status: 404, title: "没有这个地址", detail: url.pathname }));
  }
}).listen(port, "127.0.0.1", () => console.log(`http://127.0.0.1:${port}/`));
