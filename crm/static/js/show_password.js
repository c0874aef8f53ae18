// A button that shows a password while it is typed; without JavaScript there is no button, and nothing is missed.
for (const button of document.querySelectorAll("[data-password-switch]")) {
  const field = document.getElementById(button.getAttribute("aria-controls"));
  const words = [button.textContent, button.dataset.hide];
  const show = (shown) => {
    field.type = shown ? "text" : "password";
    button.textContent = words[shown ? 1 : 0];
  };
  button.hidden = false;
  button.addEventListener("click", () => {
    show(field.type === "password");
    field.focus();
  });
  // A browser keeps only what it knows to be a password.
  field.form.addEventListener("submit", () => show(false));
}
