// Keep the parts marked data-live fresh: fetch this same page, swap what changed; pausable.
// It slows down while nothing happens and stops after QUIET_LIMIT, so that a forgotten tab lets a session end.
const FIRST = 2000, SLOWEST = 20000, QUIET_LIMIT = 10 * 60 * 1000;

const parts = (root) => root.querySelectorAll("[data-live][id]");
const toggles = document.querySelectorAll("[data-live-toggle]");
let delay = FIRST, quiet = 0, paused = false, timer = 0;

const essence = (part) => {
  const copy = part.cloneNode(true);
  copy.querySelectorAll("[data-ago]").forEach((place) => { place.textContent = ""; });
  copy.querySelectorAll("details").forEach((fold) => fold.removeAttribute("open"));
  return copy.innerHTML;
};

const inUse = (part) => part.contains(document.activeElement) && document.activeElement !== part;

const swap = (fresh) => {
  let changed = false;
  for (const part of parts(document)) {
    const next = fresh.getElementById(part.id);
    if (!next || essence(next) === essence(part) || inUse(part)) continue;
    const atEnd = part.scrollHeight - part.scrollTop - part.clientHeight < 40;
    part.replaceChildren(...next.childNodes);
    if (atEnd) part.scrollTop = part.scrollHeight;
    changed = true;
  }
  if (changed) document.dispatchEvent(new Event("page:swapped"));
  return changed;
};

const look = async () => {
  if (document.hidden) return false;
  const answer = await fetch(location.href, { headers: { Accept: "text/html" }, cache: "no-store" });
  if (!answer.ok || answer.redirected) throw new Error(`refresh answered ${answer.status}`);
  return swap(new DOMParser().parseFromString(await answer.text(), "text/html"));
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
  if (!paused) timer = setTimeout(turn, delay);
};

const turn = async () => {
  let changed = false;
  try { changed = await look(); } catch { delay = SLOWEST; /* the server is away: what is shown stays, we ask again */ }
  quiet = changed ? 0 : quiet + delay;
  delay = changed ? FIRST : Math.min(delay * 1.3, SLOWEST);
  if (quiet > QUIET_LIMIT) pause(true);
  else plan();
};

toggles.forEach((button) => button.addEventListener("click", () => pause(!paused)));
document.addEventListener("visibilitychange", () => { if (!document.hidden && !paused) { delay = FIRST; plan(); } });
parts(document).forEach((part) => { part.scrollTop = part.scrollHeight; });
if (parts(document).length) { show(); plan(); }
