// Small comforts of every page: relative times beside the exact ones, and menus that close.
const [NOW, ...PAST] = document.documentElement.dataset.agoWords.split("|"); // "just now", "{} s ago", min, h, d
const STEPS = [[60, 1], [3600, 60], [86400, 3600], [30 * 86400, 86400]];

const ago = (moment) => {
  const seconds = Math.round((Date.now() - moment) / 1000);
  if (Number.isNaN(seconds) || seconds < -5) return "";
  if (seconds < 10) return NOW;
  const step = STEPS.findIndex(([below]) => seconds < below);
  return step < 0 ? "" : PAST[step].replace("{}", Math.floor(seconds / STEPS[step][1]));
};

const tell = () => {
  for (const place of document.querySelectorAll("[data-ago]")) {
    const word = ago(Date.parse(place.parentElement.dateTime));
    if (place.textContent !== word) place.textContent = word;
  }
};

const closeMenus = (except) => {
  for (const menu of document.querySelectorAll("details.menu[open]")) {
    if (menu !== except) menu.open = false;
  }
};

document.addEventListener("click", (event) => closeMenus(event.target.closest("details.menu")));
document.addEventListener("keydown", (event) => {
  const menu = event.key === "Escape" && document.querySelector("details.menu[open]");
  if (!menu) return;
  closeMenus(null);
  menu.querySelector("summary").focus();
});
document.addEventListener("page:swapped", tell);
tell();
setInterval(tell, 10000);
