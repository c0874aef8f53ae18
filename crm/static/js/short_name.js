// The name of a subscription type in an SMS, while one writes: as core/plain_letters.py and short_names.py make it.
import { folded } from "./sms_text.js";

const SPELLED = { "ß": "ss", "æ": "ae", "Æ": "AE", "ø": "o", "Ø": "O", "€": "EUR", "£": "GBP", "¥": "JPY", "§": "par." };

const plain = (text) =>
  [...folded(text.trim())].map((sign) => SPELLED[sign] ?? sign).join("").normalize("NFKD").replace(/[^\x20-\x7e\s]/g, "").trim().replace(/\s+/g, " ");

const cut = (name, room) => {
  if (name.length <= room) return name;
  const words = name.slice(0, room + 1);
  return words.includes(" ") ? words.slice(0, words.lastIndexOf(" ")) : name.slice(0, room);
};

const board = document.querySelector("[data-short-name]");
if (board) {
  const room = Number(board.dataset.shortName), used = board.querySelector("[data-used]");
  const [written, label] = ["short_name", "user_label"].map((id) => document.getElementById(id));
  const update = () => {
    const typed = plain(written.value), name = cut(typed || plain(label.value), room);
    const count = typed.length || name.length;
    board.querySelector("[data-name]").textContent = name || "–";
    board.querySelector("meter").value = count;
    used.textContent = [count, room].reduce((words, value) => words.replace("{}", value), used.dataset.words);
  };
  board.querySelector("[data-without-script]").hidden = true;
  [written, label].forEach((field) => field.addEventListener("input", update));
  update();
}
