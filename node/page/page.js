"use strict";
/* The page of one node: what the API says (API.md), in words. It shows no
 * person: who wants to see one asks as an officer. Nothing that comes from
 * outside becomes markup: everything is put in as text. */

const WORDS = {
  vi: {
    other: "English", leave: "Thoát", enter: "Vào", title: "Sổ gốc",
    token: "Mã truy cập: nội dung tệp token trong thư mục của nút này",
    wrong: "Không đúng mã. Mã được tạo lại mỗi khi nút khởi động.",
    unreachable: "Mất kết nối với nút",
    ok: "Hoạt động", disk_full: "Đĩa đầy: không ghi được", closed: "Đang mở nhật ký mới",
    failed: "Hỏng: hãy xem nhật ký hệ thống", node: "Nút này", size: "Bản ghi đã ký",
    sessions: "Kết nối", applied: "Đã đưa vào sổ", held: "mục đang giữ", subjects: "Đối tượng",
    absent: "Thiếu nội dung", waiting: "Chờ cơ quan quản lý", quarantined: "Cách ly",
    refused: "Bị từ chối", as_of: "Tính đến ngày", building: "đang dựng lại", of: "trên",
    position: "Vị trí của cơ quan quản lý", clock: "Giờ của nút", campaign: "Chiến dịch",
    none_campaign: "Chưa có chiến dịch nào.", no_view: "Sổ đang được dựng, chưa có số liệu.",
    eligible: "Đủ điều kiện", excluded: "Loại trừ", target: "Phải làm", captured: "Đã thu nhận",
    remaining: "Còn lại", done: "Hoàn thành", lag: "Trễ", office: "Đơn vị lập", unit: "Xã, phường",
    district: "Huyện:", all: "toàn tỉnh", partial: "chưa đủ số liệu", on: "ngày",
    forecast: "dự kiến xong", committed: "cam kết", conflicts: "Mâu thuẫn chờ xử lý",
    none_conflicts: "Không có mâu thuẫn nào đang chờ.", some_conflicts: "mâu thuẫn đang chờ cán bộ quyết định",
    where: "Nơi xử lý", count: "Số lượng", rules: "Theo quy tắc", show: "Xem", rule: "Quy tắc",
    what: "Nội dung", since: "Từ", due: "Hạn", records: "Bản ghi", centre: "Trung tâm",
    peers: "Các nút khác", name: "Tên", address: "Địa chỉ", link: "Kết nối", equal: "Khớp dữ liệu",
    fetching: "Đang nhận", yes: "có", no: "chưa", up: "đang nối", down: "mất kết nối",
    judging: "đang kiểm tra", withholds: "giữ lại dữ liệu", caller: "gọi đến", none_peers: "Không có nút nào khác.",
    registry: "Mã sổ", version: "phiên bản",
  },
  en: {
    other: "Tiếng Việt", leave: "Leave", enter: "Enter", title: "Sổ gốc",
    token: "Access token: what the file token in this node's directory says",
    wrong: "Not the token. It is drawn anew whenever the node starts.",
    unreachable: "The node does not answer",
    ok: "Works", disk_full: "Disk full: nothing is written", closed: "A new log is begun",
    failed: "Failed: look at the system's log", node: "This node", size: "Records signed",
    sessions: "Sessions", applied: "In the register", held: "entries held", subjects: "Subjects",
    absent: "Payloads missing", waiting: "Waiting for the authority", quarantined: "Quarantined",
    refused: "Refused", as_of: "As of", building: "being made anew", of: "of",
    position: "Position of the authority", clock: "Clock of the node", campaign: "Campaign",
    none_campaign: "There is no campaign yet.", no_view: "The register is being made; no figures yet.",
    eligible: "Eligible", excluded: "Excluded", target: "Target", captured: "Captured",
    remaining: "Remaining", done: "Done", lag: "Lag", office: "Office", unit: "Commune",
    district: "District:", all: "whole province", partial: "not all figures are in", on: "on",
    forecast: "done by", committed: "committed", conflicts: "Conflicts that wait",
    none_conflicts: "No conflict waits.", some_conflicts: "conflicts wait for an officer's word",
    where: "To be decided at", count: "Count", rules: "By rule", show: "Show", rule: "Rule",
    what: "What", since: "Since", due: "Due", records: "Records", centre: "Centre",
    peers: "Other nodes", name: "Name", address: "Address", link: "Link", equal: "Same data",
    fetching: "Fetching", yes: "yes", no: "not yet", up: "connected", down: "no link",
    judging: "being judged", withholds: "withholds data", caller: "calls here", none_peers: "No other nodes.",
    registry: "Registry", version: "version",
  },
};
const REFRESH_MS = 2000;    /* between two looks while things change */
const QUIET_MS = 15000;     /* and while nothing does */

let language = localStorage.getItem("language") ||
  (navigator.language.toLowerCase().startsWith("en") ? "en" : "vi");
let chosenUnit = null;      /* whose conflicts are listed */
let timer = null;
let follower = null;

const say = (word) => WORDS[language][word] ?? word;
const at = (id) => document.getElementById(id);
const number = (value) =>
  new Intl.NumberFormat(language === "vi" ? "vi-VN" : "en-GB").format(value);

function day(ymd) {
  if (ymd === null || ymd === undefined || ymd === 0) return "–";
  const text = String(ymd).padStart(8, "0");
  return `${text.slice(6)}/${text.slice(4, 6)}/${text.slice(0, 4)}`;
}

function moment(ms) {
  if (ms === null) return "–";
  return new Intl.DateTimeFormat(language === "vi" ? "vi-VN" : "en-GB",
    { timeZone: "Asia/Ho_Chi_Minh", dateStyle: "short", timeStyle: "short" }).format(ms);
}

/* --- Putting in ------------------------------------------------------------ */

function put(parent, tag, text, style) {
  const made = document.createElement(tag);
  if (text instanceof Node) made.append(text);
  else if (text !== undefined) made.textContent = text;
  if (style) made.className = style;
  parent.append(made);
  return made;
}

/* Fills TABLE: columns are [title, style]; a row is an array of texts, of nodes,
 * or of [text, style]. */
function fill(table, columns, rows) {
  const head = table.tHead, body = table.tBodies[0];
  head.replaceChildren();
  body.replaceChildren();
  table.hidden = rows.length === 0;
  if (rows.length === 0) return;
  const line = put(head, "tr");
  for (const [title, style] of columns) put(line, "th", title, style).scope = "col";
  for (const row of rows) {
    const made = put(body, "tr");
    row.forEach((cell, i) => {
      const [text, style] = Array.isArray(cell) ? cell : [cell, ""];
      put(made, "td", text, `${columns[i][1] ?? ""} ${style}`.trim());
    });
  }
}

/* --- Asking ------------------------------------------------------------------ */

class Locked extends Error {}

async function ask(path, options) {
  const answer = await fetch(path, { cache: "no-store", ...options });
  if (answer.status === 401) throw new Locked();
  const value = await answer.json();
  if (!answer.ok) throw Object.assign(new Error(value.error), { answer: value });
  return value;
}

/* What the register cannot say now is no failure of the page. */
async function askRegister(path) {
  try {
    return await ask(path);
  } catch (error) {
    if (error.answer === undefined) throw error;
    return null;
  }
}

/* --- Showing ------------------------------------------------------------------ */

function showStatus(health) {
  const pill = at("status");
  pill.textContent = say(health === null ? "unreachable" : health.status);
  pill.className = `pill ${health !== null && health.status === "ok" ? "good" : "bad"}`;
}

function showNode(health, register) {
  const list = at("node").querySelector("dl");
  list.replaceChildren();
  const row = (title, text, style) => {
    const pair = put(list, "div");
    put(pair, "dt", title);
    put(pair, "dd", text, style);
  };
  at("node").querySelector("h2").textContent = say("node");
  row(say("size"), number(health.size));
  row(say("sessions"), number(health.sessions));
  row(say("clock"), moment(health.seconds * 1000));
  if (register !== null) {
    const state = register.building ? ` (${say("building")})` : "";
    row(say("applied"),
      `${number(register.applied)} ${say("of")} ${number(register.held)} ${say("held")}${state}`,
      register.applied === register.held ? "good" : "warn");
    row(say("subjects"), number(register.subjects));
    row(say("as_of"), day(register.as_of));
    for (const word of ["absent", "waiting", "quarantined", "refused"])
      if (register[word] > 0) row(say(word), number(register[word]), "warn");
  }
  at("foot").textContent =
    `sogoc ${say("version")} ${health.version} · ${say("registry")} ${health.registry}`;
}

const FUNNEL = ["eligible", "excluded", "target", "captured", "remaining"];

function percent(funnel) {
  if (funnel.target <= 0) return "–";
  return `${number(Math.floor((1000 * funnel.achieved) / funnel.target) / 10)} %`;
}

function funnelColumns(first, last) {
  return [[first], ...FUNNEL.map((word) => [say(word), "number"]), [say("done"), "number"], ...last];
}

const funnelCells = (funnel) => [...FUNNEL.map((word) => number(funnel[word])), percent(funnel)];

function showDistricts(units) {
  const select = at("district"), kept = select.value;
  const options = units.filter((row) => row.level === 2)
    .map((row) => [String(row.unit), row.name ?? String(row.unit)]);
  select.replaceChildren();
  for (const [value, text] of [["0", say("all")], ...options]) put(select, "option", text).value = value;
  select.value = options.some(([value]) => value === kept) ? kept : "0";
  document.querySelector("label[for=district]").textContent = say("district");
}

function isBelow(row, district, byUnit) {
  for (let unit = row.parent; unit !== null && unit !== undefined; unit = byUnit.get(unit)?.parent)
    if (String(unit) === district) return true;
  return district === "0";
}

function showCommunes(figures) {
  const byUnit = new Map(figures.units.map((row) => [row.unit, row]));
  const district = at("district").value;
  const rows = figures.units.filter((row) => row.level === 3 && isBelow(row, district, byUnit))
    .sort((a, b) => b.funnel.remaining - a.funnel.remaining);
  fill(at("communes"), funnelColumns(say("unit"), []),
    rows.map((row) => [row.name ?? String(row.unit), ...funnelCells(row.funnel)]));
}

function showCampaign(figures, isMissing) {
  const part = at("campaign"), line = part.querySelector(".line"), bar = part.querySelector(".bar");
  part.querySelector("h2").textContent = say("campaign");
  bar.hidden = figures === null;
  at("district").parentElement.hidden = figures === null;
  if (figures === null) {
    line.textContent = say(isMissing ? "no_view" : "none_campaign");
    fill(at("offices"), [], []);
    fill(at("communes"), [], []);
    return;
  }
  const { total, campaign } = figures;
  const parts = [campaign.title, `${say("on")} ${day(figures.day)}`,
    `${number(total.achieved)} / ${number(total.target)} (${percent(total)})`,
    `${say("committed")} ${day(campaign.committed)}`];
  if (total.forecast.day !== null) parts.push(`${say("forecast")} ${day(total.forecast.day)}`);
  if (!figures.complete) parts.push(say("partial"));
  line.textContent = parts.join(" · ");
  bar.firstElementChild.style.width =
    `${total.target > 0 ? Math.min(100, (100 * total.achieved) / total.target) : 0}%`;
  fill(at("offices"), funnelColumns(say("office"), [[say("lag"), "number"]]),
    figures.offices.map((row) => [row.label, ...funnelCells(row.funnel),
      [number(row.lag), row.lag > 0 ? "warn" : ""]]));
  showDistricts(figures.units);
  showCommunes(figures);
  at("district").onchange = () => showCommunes(figures);
}

async function showUnit(unit, name) {
  const list = (await ask(`/v1/conflicts?unit=${unit}`)).conflicts;
  const title = at("of-unit");
  chosenUnit = [unit, name];
  title.hidden = false;
  title.textContent = name;
  fill(at("listed"),
    [[say("rule")], [say("what")], [say("since")], [say("due")], [say("records"), "number"]],
    list.map((row) => [row.rule, [row[language], ""], moment(row.since_ms), day(row.due),
      number(row.contenders.length)]));
}

function showConflicts(answer) {
  const part = at("conflicts"), line = part.querySelector(".line");
  const units = answer === null ? [] : answer.units;
  const open = units.reduce((sum, row) => sum + row.open, 0);
  part.querySelector("h2").textContent = say("conflicts");
  line.textContent = answer === null ? say("no_view")
    : open === 0 ? say("none_conflicts") : `${number(open)} ${say("some_conflicts")}`;
  fill(at("waiting"), [[say("where")], [say("count"), "number"], [say("rules")], [""]],
    units.map((row) => {
      const name = row.name ?? (row.unit === 0 ? say("centre") : String(row.unit));
      const button = document.createElement("button");
      button.type = "button";
      button.className = "link";
      button.textContent = say("show");
      button.onclick = () => showUnit(row.unit, name).catch(trouble);
      return [name, number(row.open),
        Object.entries(row.rules).map(([rule, n]) => `${rule}: ${number(n)}`).join(", "), button];
    }));
  if (!units.some((row) => chosenUnit !== null && row.unit === chosenUnit[0])) {
    chosenUnit = null;
    at("of-unit").hidden = true;
    fill(at("listed"), [], []);
  }
}

function linkOf(peer) {
  if (!peer.connected) return [say("down"), "bad"];
  if (peer.withholds) return [say("withholds"), "bad"];
  return peer.admitted ? [say("up"), "good"] : [say("judging"), "warn"];
}

function showPeers(peers) {
  at("peers").querySelector("h2").textContent = say("peers");
  fill(at("links"),
    [[say("name")], [say("address")], [say("link")], [say("equal")], [say("fetching"), "number"]],
    peers.map((peer) => [peer.name ?? say("caller"), peer.address, linkOf(peer),
      peer.connected ? [say(peer.equal ? "yes" : "no"), peer.equal ? "good" : "warn"] : "–",
      peer.connected ? number(peer.fetching) : "–"]));
}

/* --- Running ------------------------------------------------------------------ */

function later(ms) {
  clearTimeout(timer);
  timer = setTimeout(look, ms);
}

function trouble(error) {
  if (error instanceof Locked) return enter();
  showStatus(null);
  later(REFRESH_MS);
  return undefined;
}

async function look() {
  try {
    const health = await ask("/v1/health");
    const peers = await ask("/v1/peers");
    const register = await askRegister("/v1/register");
    const conflicts = await askRegister("/v1/conflicts");
    const campaign = await askRegister("/v1/campaign");
    document.documentElement.lang = language;
    at("enter").hidden = true;
    at("board").hidden = false;
    at("leave").hidden = sessionStorage.getItem("forgery") === null;
    showStatus(health);
    showNode(health, register);
    showCampaign(campaign, register === null);
    showConflicts(conflicts);
    showPeers(peers.peers);
    if (chosenUnit !== null) await showUnit(...chosenUnit);
    follow();
    later(QUIET_MS);
  } catch (error) {
    trouble(error);
  }
}

/* The node says when something changed; a look follows, not more often than
 * every REFRESH_MS. */
function follow() {
  if (follower !== null) return;
  let last = Date.now();
  follower = new EventSource("/v1/follow");
  follower.addEventListener("logs", () => {
    later(Math.max(0, last + REFRESH_MS - Date.now()));
    last = Date.now();
  });
  follower.onerror = () => {
    follower.close();
    follower = null;
    later(REFRESH_MS);
  };
}

function words() {
  document.documentElement.lang = language;
  at("language").textContent = say("other");
  at("leave").textContent = say("leave");
  at("login-button").textContent = say("enter");
  at("token-label").textContent = say("token");
}

function enter() {
  clearTimeout(timer);
  if (follower !== null) follower.close();
  follower = null;
  words();
  at("status").textContent = "";
  at("board").hidden = true;
  at("leave").hidden = true;
  at("enter").hidden = false;
  at("token").focus();
}

async function login(event) {
  event.preventDefault();
  const token = at("token").value.trim();
  at("token").value = "";
  at("login-error").textContent = "";
  try {
    const session = await ask("/v1/session",
      { method: "POST", headers: { Authorization: `Bearer ${token}` } });
    sessionStorage.setItem("forgery", session.token);
    await look();
  } catch (error) {
    at("login-error").textContent = say(error instanceof Locked ? "wrong" : "unreachable");
  }
}

async function leave() {
  try {
    await ask("/v1/session",
      { method: "DELETE", headers: { "X-Sogoc-Token": sessionStorage.getItem("forgery") } });
  } finally {
    sessionStorage.removeItem("forgery");
    enter();
  }
}

at("language").onclick = () => {
  language = language === "vi" ? "en" : "vi";
  localStorage.setItem("language", language);
  words();
  if (!at("board").hidden) look();
};
at("leave").onclick = () => leave().catch(trouble);
at("login").onsubmit = login;
words();
look();
