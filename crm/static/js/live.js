// Keep the parts marked data-live fresh: fetch this same page, swap what changed; pausable.
// It slows down while nothing happens and stops after QUIET_LIMIT, and an hour after somebody was last there at all,
// so that a forgotten tab lets a session end.
// A list never moves under the reader: the bar marked data-newer asks its own address, and says how many have come.
// A button with data-live-every says another pace, in seconds.
// While the server cannot be reached the page says so, in the words of data-lost: what it shows is old.
// When the page comes without that button, what was watched has ended: it is looked at no more, and what was said when
// it began goes.
const parts = (root) => root.querySelectorAll("[data-live][id]");
const bar = document.querySelector("[data-newer]");
const toggles = document.querySelectorAll("[data-live-toggle]");
const every = 1000 * document.querySelector("[data-live-every]")?.dataset.liveEvery || 0;
const FIRST = every || 2000, SLOWEST = every || 20000, QUIET_LIMIT = 10 * 60 * 1000, AWAY_LIMIT = 60 * 60 * 1000;
let delay = FIRST, quiet = 0, paused = false, ended = false, lost = null, timer = 0, seen = Date.now();

const essence = (part) => {
  const copy = part.cloneNode(true);
  copy.querySelectorAll("[data-ago], [data-clock]").forEach((place) => { place.textContent = ""; });
  copy.querySelectorAll("details").forEach((fold) => fold.removeAttribute("open"));
  return copy.innerHTML;
};

// What is no news, such as when it was counted, is brought up to date without counting as a change.
const setClocks = (part, next) => {
  const clocks = next.querySelectorAll("[data-clock]");
  part.querySelectorAll("[data-clock]").forEach((clock, index) => clock.replaceChildren(...clocks[index].childNodes));
};

const keepOpen = (part, next) => part.querySelectorAll("details[open][id]").forEach((fold) => {
  next.querySelector(`#${fold.id}`)?.setAttribute("open", "");
});

// What has the focus is not taken away; with an id it is found again in what comes instead.
const held = (part) => (part !== document.activeElement && part.contains(document.activeElement) ? document.activeElement : null);

const swap = (fresh) => {
  let changed = false;
  for (const part of parts(document)) {
    const next = fresh.getElementById(part.id);
    const focused = held(part);
    if (!next || (focused && !focused.id)) continue;
    if (essence(next) === essence(part)) { setClocks(part, next); continue; }
    keepOpen(part, next);
    const atEnd = part.scrollHeight - part.scrollTop - part.clientHeight < 40;
    part.replaceChildren(...next.childNodes);
    if (focused) document.getElementById(focused.id)?.focus({ preventScroll: true });
    if (atEnd) part.scrollTop = part.scrollHeight;
    changed = true;
  }
  if (changed) document.dispatchEvent(new Event("page:swapped"));
  return changed;
};

const dropFlashes = () => document.querySelectorAll("main > .note[role=status]").forEach((note) => note.remove());

const tellLost = (is) => {
  if (!is === !lost) return;
  if (!is) { lost.remove(); lost = null; return; }
  dropFlashes(); // that it goes on by itself is not known now
  lost = Object.assign(document.createElement("div"), { className: "note note--bad", textContent: toggles[0]?.dataset.lost ?? "" });
  lost.setAttribute("role", "alert");
  if (lost.textContent) document.querySelector("main").prepend(lost);
};

const ask = async (address) => {
  const answer = await fetch(address, { cache: "no-store" }).catch(() => null);
  tellLost(!answer || answer.status > 500); // a proxy answers so for a server that is away
  if (!answer) throw new Error("no answer");
  if (!answer.ok || answer.redirected) throw new Error(`refresh answered ${answer.status}`);
  return answer;
};

const count = async () => {
  const { shown } = await (await ask(bar.dataset.newer)).json(), link = bar.firstElementChild;
  if (link.textContent === shown) return false;
  link.textContent = shown;
  link.hidden = !shown;
  return true;
};

const look = async () => {
  if (document.hidden) return false;
  if (bar) return count();
  const fresh = new DOMParser().parseFromString(await (await ask(location.href)).text(), "text/html");
  const changed = swap(fresh);
  if (toggles.length && !fresh.querySelector("[data-live-toggle]")) end();
  return changed;
};

const end = () => {
  ended = true;
  toggles.forEach((button) => { button.hidden = true; });
  dropFlashes();
};

const show = () => {
  for (const button of toggles) {
    button.hidden = false;
    button.textContent = paused ? button.dataset.resume : button.dataset.pause;
  }
};

const pause = (value) => { paused = value; quiet = 0; delay = FIRST; show(); plan(); };

const plan = () => {
  clearTimeout(timer);
  if (!paused && !ended) timer = setTimeout(turn, delay);
};

const turn = async () => {
  let changed = false;
  try { changed = await look(); } catch { delay = SLOWEST; /* the server is away: what is shown stays, we ask again */ }
  quiet = changed ? 0 : quiet + delay;
  delay = changed ? FIRST : Math.min(delay * 1.3, SLOWEST);
  if (!ended && (quiet > QUIET_LIMIT || Date.now() - seen > AWAY_LIMIT)) pause(true);
  else plan();
};

["pointermove", "keydown"].forEach((sign) => document.addEventListener(sign, () => { seen = Date.now(); }, { passive: true }));
toggles.forEach((button) => button.addEventListener("click", () => pause(!paused)));
document.addEventListener("visibilitychange", () => { if (!document.hidden && !paused) { delay = FIRST; plan(); } });
parts(document).forEach((part) => { part.scrollTop = part.scrollHeight; });
if (bar || parts(document).length) { show(); plan(); }
