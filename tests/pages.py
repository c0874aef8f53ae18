"""Read a page as a person and a program do, and refuse what no page of ours may have."""

import re
from collections import Counter
from dataclasses import dataclass, field
from html.parser import HTMLParser

from flask.testing import FlaskClient
from werkzeug.test import TestResponse

PASSWORD = "correct horse battery"
VOID = {"area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "track", "wbr"}


@dataclass
class Form:
    """One form: where it goes and what it would send as it stands."""

    action: str
    method: str
    fields: dict[str, str] = field(default_factory=dict)


class Page(HTMLParser):
    """An answer that must be a sound page.

    Checked at once: one h1 that is the title, unique ids, labels and targets that exist, a token in each
    form that posts, nothing unrendered, no inline script, handler or style.
    """

    def __init__(self, response: TestResponse) -> None:
        super().__init__()
        self.response, self.status = response, response.status_code
        self.ids: list[str] = []
        self.links: list[str] = []
        self.refs: list[str] = []
        self.forms: list[Form] = []
        self.odd: list[str] = []
        self._texts: dict[str, list[str]] = {"title": [], "h1": [], "textarea": [], "all": []}
        self._open: list[str] = []
        self._quoting = 0  # how many open elements quote what somebody wrote, which may look like anything
        self._ours: list[str] = []
        self._textarea = self._select = ""
        assert response.content_type == "text/html; charset=utf-8", response.content_type
        self.feed(response.text)
        self._check()

    @property
    def text(self) -> str:
        """What can be read on it, in one line."""
        return re.sub(r"\s+", " ", " ".join(self._texts["all"])).strip()

    @property
    def title(self) -> str:
        return "".join(self._texts["title"]).strip()

    def form(self, action: str | None = None) -> Form:
        """Return the only form that goes there; without an action, the first that posts to the page itself."""
        return next(form for form in self.forms if form.action == (action or "") and form.method == "post")

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = {name: value or "" for name, value in attrs}
        if tag not in VOID:
            self._open.append(tag)
            self._quoting += self._quoting > 0 or (tag != "html" and _quotes(values))
        self._collect(tag, values)
        self.odd += [f"{tag} {name}" for name in values if name == "style" or name.startswith("on")]
        if tag == "style" or (tag == "script" and not values.get("src")):
            self.odd.append(f"inline {tag}")
        if values.get("href", "").startswith("javascript:"):
            self.odd.append("javascript: link")

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        if tag not in VOID:
            self.handle_endtag(tag)

    def handle_endtag(self, tag: str) -> None:
        while self._open:
            self._quoting = max(0, self._quoting - 1)
            if self._open.pop() == tag:
                break
            self.odd.append(f"unclosed before </{tag}>")
        if tag == "textarea":
            self.forms[-1].fields[self._textarea] = "".join(self._texts["textarea"]).removeprefix("\r\n")
            self._texts["textarea"] = []

    def handle_data(self, data: str) -> None:
        for tag in ("title", "h1", "textarea"):
            if (
                tag in self._open and "svg" not in self._open
            ):  # a part of a drawing may have a title of its own
                self._texts[tag].append(data)
        self._texts["all"].append(data)
        if not self._quoting:
            self._ours.append(data)

    def _collect(self, tag: str, values: dict[str, str]) -> None:
        if "id" in values:
            self.ids.append(values["id"])
        self.refs += [values["for"]] if "for" in values else []
        self.refs += values.get("aria-describedby", "").split()
        if tag == "a":
            self.links.append(values.get("href", ""))
        elif tag == "form":
            self.forms.append(Form(action=values.get("action", ""), method=values.get("method", "get")))
        elif tag == "input" and self.forms and "form" in self._open:
            self.forms[-1].fields[values.get("name", "")] = values.get("value", "")
        elif tag == "textarea":
            self._textarea = values.get("name", "")
        elif tag == "select":
            self._select = values.get("name", "")
        elif tag == "option" and "selected" in values:
            self.forms[-1].fields[self._select] = values.get("value", "")

    def _check(self) -> None:
        assert self.title, "a page needs a title"
        assert self.title == "".join(self._texts["h1"]).strip(), "title and h1 must say the same"
        assert [name for name, times in Counter(self.ids).items() if times > 1] == []
        assert [ref for ref in self.refs if ref not in self.ids] == []
        # The address of the link in an SMS is the secret itself.
        others = [form for form in self.forms if form.method == "post" and not form.action.startswith("/s/")]
        assert [form.action for form in others if not form.fields.get("csrf_token")] == []
        assert self.odd == []
        # The help of the editor shows how a place for a value is written.
        ours = " ".join(self._ours).replace("{{ name }}", "")
        assert not re.search(r"\{\{|\{%", ours), "something was not rendered"
        assert "&lt;svg" not in self.response.text, "markup was escaped"


def _quotes(values: dict[str, str]) -> bool:
    """Return whether an element holds an SMS, a complaint about one, or a value as it was typed."""
    return (
        values.get("lang") == "sk"
        or values.get("translate") == "no"
        or values.get("role") == "alert"
        or values.get("class") == "field__error"
    )


def sign_in(client: FlaskClient, email: str, password: str = PASSWORD, next: str = "") -> TestResponse:
    """Fill in the login form and send it."""
    form = Page(client.get("/login", query_string={"next": next} if next else None)).form()
    return client.post("/login", data=form.fields | {"username": email, "password": password})
