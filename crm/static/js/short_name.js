// The name of a subscription type in an SMS, while one writes: as core/plain_letters.py and short_names.py make it.
import { folded } from "./sms_text.js";

const SPELLED = { "ß": "ss", "æ": "ae", "Æ": "AE", "ø": "o", "Ø": "O", "€": "EUR", "£": "GBP", "¥": "JPY", "§": "par." };

const spell = (text) => [...folded(text)].map((sign) => SPELLED[sign] ?? sign).join("");
const plain = (text) =>
  spell(spell(text).normalize("NFKD").replace(/[\u0300-\u036f]/g, "")).replace(/[^\x20-\x7e\s]|[^\S \n\t]/g, "").trim().replace(/\s+/g, " ");

const cut = (name, room) => {
  if (name.length <= room) return name;
  const words = name.slice(0, room + 1);
  return words.includes(" ") ? words.slice(0, words.lastIndexOf(" ")) : name.slice(0, room);
};

/** {name, used}: what an SMS calls the type, and how long what was written is. */
export const nameOf = (written, label, room) => {
  const typed = plain(written), name = cut(typed || plain(label), room);
  return { name, used: typed.length || name.length };
};

const board = document.querySelector("[data-short-name]");
if (board) {
  const room = Number(board.dataset.shortName), count = board.querySelector("[data-used]");
  const fields = ["short_name", "user_label"].map((id) => document.getElementById(id));
  const update = () => {
    const { name, used } = nameOf(...fields.map((field) => field.value), room);
    board.querySelector("[data-name]").textContent = name || "–";
    board.querySelector("meter").value = used;
    count.textContent = [used, room].reduce((words, value) => words.replace("{}", value), count.dataset.words);
  };
  board.querySelector("[data-without-script]").hidden = true;
  fields.forEach((field) => field.addEventListener("input", update));
  update();
}
