// Beside the template editor: the text as a phone will show it, its units and parts, while one writes.
import { folded, isCostly, measure } from "./sms_text.js";

const TAG = /\{%.*?%\}|\{#.*?#\}/gs, PLACEHOLDER = /\{\{.*?\}\}/gs;
const field = document.querySelector("[data-sms-source]");
const board = document.querySelector("[data-sms-meter]");
const bubble = document.querySelector("[data-sms-preview]");

const element = (name, className, text) => {
  const made = document.createElement(name);
  if (className) made.className = className;
  made.textContent = text;
  return made;
};

// The page's own words, the plural ones as [for 1, for 2 to 4, for 5]; {} is where a value goes.
const words = board && JSON.parse(board.dataset.words);
const rules = new Intl.PluralRules(document.documentElement.lang);
const FORMS = { one: 0, few: 1 };

const fill = (text, ...values) => values.reduce((filled, value) => filled.replace("{}", () => value), text);

const plural = (count, forms) => fill(forms[FORMS[rules.select(count)] ?? 2], count);

const name = (sign) => (sign === "" ? words.nothing : sign.trim() || words.space);

const tell = (place, text) => {
  const spot = board.querySelector(place);
  if (spot.textContent !== text) spot.textContent = text; // a screen reader hears only what changed
};

const explain = ({ replaced, foreign }) => {
  if (foreign.length) return fill(words.foreign, foreign.slice(0, 5).join(" "));
  if (replaced.length) return `${words.sentAs} ${replaced.map(([from, to]) => `${name(from)} → ${name(to)}`).join(", ")}`;
  return "";
};

// Where parts end depends on the values, so a text with placeholders stands uncut.
const drawWithPlaceholders = (text) => {
  bubble.replaceChildren(...text.split(/(\{\{.*?\}\})/s).map((piece, index) => (
    index % 2 ? element("span", "placeholder", piece) : element("span", "", folded(piece))
  )));
};

const drawParts = (result) => {
  bubble.replaceChildren(...result.parts.filter(Boolean).map((part) => {
    const block = element("span", "bubble__part", "");
    for (const sign of part) {
      if (result.encoding === "ucs2" || !isCostly(sign)) { block.append(sign); continue; }
      const mark = element("span", "costly", sign);
      mark.title = words.costly;
      block.append(mark);
    }
    return block;
  }));
};

const say = (result, placeholders) => {
  const plus = placeholders ? ` + ${plural(placeholders, words.placeholders)}` : "";
  const meter = board.querySelector("meter");
  meter.max = result.room;
  meter.high = result.encoding === "gsm7" ? 160 : 70; // above it the colour warns: a second part
  meter.value = result.units;
  tell("[data-units]", `${fill(words.units, result.units, result.room)}${plus}`);
  tell("[data-parts]", `${plural(result.parts.length, words.parts)} · ${result.encoding === "gsm7" ? "GSM-7" : "UCS-2"}`);
  tell("[data-reason]", explain(result));
};

const update = () => {
  const text = field.value.replace(/\r\n/g, "\n").replace(TAG, "");
  const placeholders = text.match(PLACEHOLDER) ?? [];
  const result = measure(text.replace(PLACEHOLDER, ""));
  say(result, placeholders.length);
  if (placeholders.length) drawWithPlaceholders(text);
  else drawParts(result);
};

// What the server measured stands until somebody writes.
if (field && board && bubble) {
  field.addEventListener("input", update);
  if (!("measured" in board.dataset) || field.value !== field.defaultValue) update();
}
