// Beside an answer: the button says in how many parts it goes, and the form that this was told before it is pressed.
import { measure } from "./sms_text.js";

const button = document.querySelector("[data-answer-send]"), FORMS = { one: 0, few: 1 };

if (button) {
  const { form } = button, { content, parts } = form.elements;
  const words = JSON.parse(button.dataset.words), rules = new Intl.PluralRules(document.documentElement.lang);

  const tell = () => {
    const count = measure(content.value).parts.length;
    parts.value = count;
    button.lastElementChild.textContent = count === 1 ? words.send : words.parts[FORMS[rules.select(count)] ?? 2].replace("{}", count);
  };

  form.querySelector("[data-answer-preview]").hidden = true; // what it shows is shown while one writes
  content.addEventListener("input", tell);
  content.addEventListener("keydown", (event) => {
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) form.requestSubmit(button);
  });
  tell();
}
