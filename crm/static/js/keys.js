// Keys for those who have the pages open all day: never while one types, and switchable off (WCAG 2.1.4).
const dialog = document.querySelector("dialog[data-keys]");
const GO_WITHIN = 1500; // ms after "g"
let goUntil = 0;

const isOff = () => { try { return localStorage.getItem("keys") === "off"; } catch { return false; } };
const keep = (off) => { try { off ? localStorage.setItem("keys", "off") : localStorage.removeItem("keys"); } catch { /* storage is forbidden here */ } };
const isTyping = (place) => place.closest("input:not([type=checkbox], [type=radio], [type=submit]), textarea, select");
const rows = () => [...document.querySelectorAll("main a.row-link")].filter((link) => link.getClientRects().length);

const step = (by) => {
  const links = rows(), at = links.indexOf(document.activeElement);
  const next = at < 0 ? (by > 0 ? 0 : links.length - 1) : Math.min(Math.max(at + by, 0), links.length - 1);
  links[next]?.focus();
};

// What was typed and not sent is not left by a key; nor is a page that shows again what was sent, refused or to be confirmed.
const isChanged = (field) => {
  if (field.matches("select")) return field.selectedIndex !== Math.max([...field.options].findIndex((option) => option.defaultSelected), 0);
  return field.matches("[type=checkbox], [type=radio]") ? field.checked !== field.defaultChecked : field.value !== field.defaultValue;
};
const isBegun = () => Boolean(document.querySelector("main[data-begun]"))
  || [...document.querySelectorAll("main form[method=post] :is(input:not([type=hidden]), textarea, select)")].some(isChanged);

// To where one came from, with its filters and its place on the page; else to what stands above this page.
const back = () => {
  const link = document.querySelector("main a.back");
  if (!link || isBegun()) return;
  const from = document.referrer && new URL(document.referrer);
  if (from && from.origin === location.origin && from.pathname === new URL(link.href).pathname && history.length > 1) history.back();
  else link.click();
};

// What the key presses in the row that has the focus; else the first of the page.
const press = (key) => {
  const wanted = `[data-key="${CSS.escape(key)}"]`, row = document.activeElement.closest("tr, li");
  const target = [...(row?.querySelectorAll(wanted) ?? []), ...document.querySelectorAll(wanted)].find((each) => each.getClientRects().length);
  if (!target) return false;
  if (isTyping(target)) target.focus(); else target.click();
  return true;
};

const ACTS = {
  "/": () => document.querySelector("[data-search]")?.focus(),
  "?": () => dialog?.showModal(),
  j: () => step(1),
  k: () => step(-1),
  g: () => { goUntil = Date.now() + GO_WITHIN; },
};

const escape = (event) => {
  if (document.querySelector("dialog[open], details.menu[open]")) return; // they close by themselves
  if (isTyping(event.target)) event.target.blur();
  else back();
};

const go = (key) => {
  goUntil = 0;
  const link = document.querySelector(`.nav a[data-go="${CSS.escape(key)}"]`);
  link?.click();
  return Boolean(link);
};

// While it goes down, so that a menu which this key closes is still open when we look.
document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented || isOff()) return;
  if (event.key === "Escape") { escape(event); return; }
  if (isTyping(event.target) || document.querySelector("dialog[open]")) return;
  const done = (Date.now() < goUntil && go(event.key)) || (ACTS[event.key] ? (ACTS[event.key](), true) : press(event.key));
  if (done) event.preventDefault();
}, { capture: true });

const label = () => {
  for (const button of document.querySelectorAll("[data-keys-switch]")) {
    button.hidden = false;
    button.textContent = isOff() ? button.dataset.on : button.dataset.off;
    button.setAttribute("aria-pressed", String(isOff()));
  }
};

document.querySelectorAll("[data-keys-switch]").forEach((button) => button.addEventListener("click", () => { keep(!isOff()); label(); }));
document.querySelectorAll("[data-keys-open]").forEach((button) => { button.hidden = false; button.addEventListener("click", () => dialog?.showModal()); });
label();
