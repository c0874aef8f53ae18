// Beside a field for an SMS: the text as a phone will show it, its units and parts, while one writes.
// A template is counted with the values shown; one that does more than put them in waits for the server's count.
import { isCostly, measure } from "./sms_text.js";

const PLACE = /\{\{\s*(\w+)\s*\}\}/g;

const element = (name, className, text) => {
  const made = document.createElement(name);
  if (className) made.className = className;
  made.textContent = text;
  return made;
};

const fill = (text, ...values) => values.reduce((filled, value) => filled.replace("{}", () => value), text);

// The page's own words, the plural ones as [for 1, for 2 to 4, for 5]; {} is where a value goes.
const rules = new Intl.PluralRules(document.documentElement.lang);
const FORMS = { one: 0, few: 1 };
const plural = (count, forms) => fill(forms[FORMS[rules.select(count)] ?? 2], count);

const tell = (board, place, text) => {
  const spot = board.querySelector(place);
  if (spot.textContent !== text) spot.textContent = text; // a screen reader hears only what changed
};

const explain = ({ replaced, foreign }, words) => {
  const name = (sign) => (sign === "" ? words.nothing : sign.trim() || words.space);
  if (foreign.length) return fill(words.foreign, foreign.slice(0, 5).join(" "));
  if (replaced.length) return `${words.sentAs} ${replaced.map(([from, to]) => `${name(from)} → ${name(to)}`).join(", ")}`;
  return "";
};

const draw = (bubble, result, words) => {
  bubble.replaceChildren(...result.parts.filter(Boolean).map((part) => {
    const block = element("span", "bubble__part", "");
    for (const sign of part) {
      const isDear = result.encoding === "ucs2" ? result.foreign.includes(sign) : isCostly(sign);
      if (!isDear) { block.append(sign); continue; }
      const mark = element("span", "costly", sign);
      mark.title = words.costly;
      block.append(mark);
    }
    return block;
  }));
};

const say = (board, result, words) => {
  const meter = board.querySelector("meter");
  meter.max = result.room;
  meter.high = result.encoding === "gsm7" ? 160 : 70; // above it the colour warns: a second part
  meter.value = result.units;
  tell(board, "[data-units]", fill(words.units, result.units, result.room));
  tell(board, "[data-parts]", `${plural(result.parts.length, words.parts)} · ${result.encoding === "gsm7" ? "GSM-7" : "UCS-2"}`);
  tell(board, "[data-reason]", explain(result, words));
};

const written = (input, language) => {
  const amount = "amount" in input.dataset && /^\d+([.,]\d+)?$/.test(input.value.trim());
  if (!amount) return input.value;
  return Number(input.value.replace(",", ".")).toFixed(2).replace(".", language === "sk" ? "," : ".");
};

// What would be sent, or null when only the server can tell.
const filled = (text, language) => {
  const inputs = new Map([...document.querySelectorAll("[data-sample]")].map((input) => [input.dataset.sample, input]));
  let isKnown = !/\{[%#]/.test(text);
  const whole = text.replace(PLACE, (_, name) => {
    isKnown &&= inputs.has(name);
    return inputs.has(name) ? written(inputs.get(name), language) : "";
  });
  return isKnown && whole.replace(PLACE, "").includes("{{") === false ? whole : null;
};

const update = (field) => {
  const scope = field.closest("[data-sms-scope]") ?? document;
  const board = scope.querySelector("[data-sms-meter]"), bubble = scope.querySelector("[data-sms-preview]");
  if (!board) return;
  const text = field.value.replace(/\r\n/g, "\n");
  const sent = field.dataset.smsSource === "template" ? filled(text, scope.dataset?.smsScope) : text;
  if (sent === null) return;
  const words = JSON.parse(board.dataset.words), result = measure(sent);
  say(board, result, words);
  if (bubble) draw(bubble, result, words);
};

// What the server measured stands until somebody writes.
for (const field of document.querySelectorAll("[data-sms-source]")) {
  const board = (field.closest("[data-sms-scope]") ?? document).querySelector("[data-sms-meter]");
  field.addEventListener("input", () => update(field));
  if (board && (!("measured" in board.dataset) || field.value !== field.defaultValue)) update(field);
}
document.addEventListener("input", (event) => {
  if (event.target.matches("[data-sample]")) document.querySelectorAll("[data-sms-source=template]").forEach(update);
});
