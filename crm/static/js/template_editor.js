// The template editor, live: what the server says of the text is fetched while one writes, values are put in by a press.
const form = document.querySelector("[data-template-editor]");
const PAUSE = 300;
let timer, turn = 0;

const fetchPage = async (extra) => {
  const body = new FormData(form);
  body.delete("cheaper");
  for (const [name, value] of Object.entries(extra)) body.set(name, value);
  const answer = await fetch(location.href, { method: "POST", body });
  return new DOMParser().parseFromString(await answer.text(), "text/html");
};

// A part in which somebody is writing stays as it is; one that says the same is not touched.
const show = (page) => {
  for (const old of form.querySelectorAll("[data-live]")) {
    const fresh = page.getElementById(old.id);
    if (!fresh || old.contains(document.activeElement) || fresh.innerHTML === old.innerHTML) continue;
    old.replaceChildren(...fresh.childNodes);
  }
};

const ask = async (extra) => {
  const mine = ++turn;
  try {
    const page = await fetchPage(extra);
    return mine === turn && page.querySelector("[data-template-editor]") ? page : null; // somebody wrote on, or is signed out
  } catch {
    return null; // no network: what stands stays, and Preview and Save still say what is wrong
  }
};

const refresh = async () => {
  const page = await ask({ preview: "1" });
  if (page) show(page);
};

const later = () => {
  clearTimeout(timer);
  turn += 1;
  timer = setTimeout(refresh, PAUSE);
};

// Written as if typed, so that Ctrl+Z takes it back.
const type = (field, text) => {
  field.focus();
  if (!document.execCommand("insertText", false, text)) field.setRangeText(text, field.selectionStart, field.selectionEnd, "end");
  field.dispatchEvent(new Event("input", { bubbles: true }));
};

const writeCheaper = async (button) => {
  const page = await ask({ cheaper: button.value });
  if (!page) { form.requestSubmit(button); return; }
  for (const fresh of page.querySelectorAll("[data-sms-source]")) {
    const field = document.getElementById(fresh.id);
    if (field.value === fresh.value) continue;
    field.focus();
    field.select();
    type(field, fresh.value);
  }
  show(page);
};

const makePalette = () => {
  for (const name of form.querySelectorAll("[data-insert]")) {
    const button = document.createElement("button");
    button.type = "button";
    button.className = name.className;
    button.textContent = name.textContent;
    button.title = name.title;
    button.addEventListener("click", () => type(document.getElementById(name.dataset.into), `{{ ${name.dataset.insert} }}`));
    name.replaceWith(button);
  }
};

if (form) {
  makePalette();
  form.addEventListener("input", later);
  form.addEventListener("change", later);
  form.addEventListener("click", (event) => {
    const button = event.target.closest("[data-cheaper]");
    if (!button) return;
    event.preventDefault();
    writeCheaper(button);
  });
}
