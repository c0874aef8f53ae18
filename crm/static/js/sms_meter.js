// Beside the template editor: the text as a phone will show it, its units and parts, while one writes.
import { measure } from "./sms_text.js";

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

const plural = (count, word) => `${count} ${word}${count === 1 ? "" : "s"}`;

const explain = ({ replaced, foreign }) => {
  if (foreign.length) return `${foreign.slice(0, 5).join(" ")} cannot be sent in GSM-7, so a part holds 70 characters, not 160.`;
  if (replaced.length) return `Sent without accents: ${replaced.map(([from, to]) => `${from} → ${to}`).join(", ")}`;
  return "";
};

const draw = (result, text, placeholders) => {
  if (placeholders) {
    // Where parts end depends on the values, so the text stands uncut and placeholders are set apart.
    bubble.replaceChildren(...text.split(/(\{\{.*?\}\})/s).map((piece, index) => element("span", index % 2 ? "placeholder" : "", piece)));
    return;
  }
  bubble.replaceChildren(...result.parts.map((part) => {
    const block = element("span", "bubble__part", "");
    for (const sign of part) {
      if (result.weigh(sign) < 2) { block.append(sign); continue; }
      const mark = element("span", "costly", sign);
      mark.title = "Counts as two";
      block.append(mark);
    }
    return block;
  }));
};

const say = (result, placeholders) => {
  const plus = placeholders ? ` + ${plural(placeholders, "placeholder")}` : "";
  const meter = board.querySelector("meter");
  meter.max = result.room;
  meter.high = result.encoding === "gsm7" ? 160 : 70; // above it the colour warns: a second part
  meter.value = result.units;
  board.querySelector("[data-units]").textContent = `${result.units} of ${result.room}${plus}`;
  board.querySelector("[data-parts]").textContent = `${plural(result.parts.length, "part")} · ${result.encoding === "gsm7" ? "GSM-7" : "UCS-2"}`;
  board.querySelector("[data-reason]").textContent = explain(result);
};

const update = () => {
  const text = field.value.replace(/\r\n/g, "\n").replace(TAG, "");
  const placeholders = text.match(PLACEHOLDER) ?? [];
  const result = measure(text.replace(PLACEHOLDER, ""));
  say(result, placeholders.length);
  draw(result, text, placeholders.length);
};

if (field && board && bubble) {
  field.addEventListener("input", update);
  update();
}
