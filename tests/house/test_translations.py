"""Everything that people read is marked and has Slovak words; nothing is left over."""

import ast
import re
from collections import defaultdict
from collections.abc import Iterator
from functools import lru_cache
from html.parser import HTMLParser

import pytest
from babel.messages.catalog import Catalog, Message
from jinja2 import Environment

from crm import models
from crm.core.config import ROOT
from crm.core.errors import CrmError
from tests.house.source import list_modules
from tests.translations import extract, is_translated, read_slovak

PLACE = re.compile(r"(?<!%)%\((\w+)\)[rsd]")
MARKS = {"_", "gettext", "ngettext", "pgettext", "npgettext"}
READ_ALOUD = {"aria-label", "title", "placeholder", "alt"}
# Names of things, the same in every language.
NAMES = {"CRM", "SMS", "XML", "GSM", "UCS", "API", "ISO", "e", "Authorization", "Bearer"}
# Told to programs or to who sets a machine up, in English.
NOT_FOR_PAGES = {"TokenRefusedError", "NotAuthorizedError"}
SHOWN_BY_PAGES = (
    "crm/core/phone.py",
    "crm/core/business_settings.py",
    "crm/core/setting_*.py",
    "crm/mobiletech/*",
    "crm/users/*",
    "crm/web/*",
)
# What these are given is for programs, or for a table that pages read by its codes.
NOT_SHOWN = {"jsonify", "settle_attempt"}
SHOWN_AS = {"label", "title", "detail", "hint", "description", "message", "explanation"}


@lru_cache
def _source() -> Catalog:
    return extract()


@lru_cache
def _slovak() -> Catalog:
    return read_slovak()


def test_every_message_has_slovak_words() -> None:
    said = {_key(message): message for message in _slovak()}

    without = [
        message.id
        for message in _source()
        if message.id and not (_key(message) in said and _is_done(said[_key(message)]))
    ]
    assert without == [], "write them into crm/translations/sk: `make translations` adds the places"


def test_no_translation_is_left_over() -> None:
    known = {_key(message) for message in _source()}

    assert [message.id for message in _slovak() if message.id and _key(message) not in known] == []
    assert list(_slovak().obsolete) == []


def test_slovak_counts_in_three_forms() -> None:
    """Two of them may look alike: "v 2 častiach", "v 5 častiach"."""
    plural = [message for message in _slovak() if isinstance(message.id, tuple)]

    assert _slovak().num_plurals == 3
    assert [message.id for message in plural if len(set(message.string)) < 2] == []


def test_the_places_for_values_are_the_same() -> None:
    wrong = []
    for message in _slovak():
        wanted = set(PLACE.findall(_texts(message.id)[-1]))
        wrong += [text for text in _texts(message.string) if set(PLACE.findall(text)) != wanted]

    assert wrong == []


def test_every_sentence_can_be_filled_in() -> None:
    values: defaultdict[str, int] = defaultdict(int)

    for message in _slovak():
        for text in (*_texts(message.id), *_texts(message.string)):
            if PLACE.search(text):
                assert text % values


def test_no_template_has_words_outside_a_mark() -> None:
    faults = [
        f"{path.relative_to(ROOT)}: {words}"
        for path in sorted(ROOT.glob("crm/templates/**/*.html"))
        for words in _unmarked(path.read_text())
    ]

    assert faults == []


@pytest.mark.parametrize(
    "template",
    [
        "<p>Nothing yet</p>",
        "<p>{{ 'paid' if paid else 'free' }}</p>",
        "<p>{{ operator or 'Not known' }}</p>",
        "{% call fact('Billing') %}{% endcall %}",
        '<nav aria-label="Pages"></nav>',
        "<input placeholder=\"{{ 'name' if x }}\">",
        "{{ empty('Nothing here', icon='check') }}",
    ],
)
def test_unmarked_words_are_found(template: str) -> None:
    assert _unmarked(template)


@pytest.mark.parametrize(
    "template",
    [
        "<p>{{ _('Nothing yet') }} {{ icon('left') }}</p>",
        "<p class=\"note {{ 'note--bad' if bad }}\">{{ _('%(n)s of %(m)s', n=1, m=names['a']) }}</p>",
        "{# A comment. #}<td>CRM</td>",
        "{{ empty(_('Nothing here'), icon='check') }}",
    ],
)
def test_marked_words_are_let_through(template: str) -> None:
    assert _unmarked(template) == []


def test_refusals_that_pages_show_are_marked() -> None:
    """An f-string, or a sentence without `N_`, cannot be told in another language."""
    refusals = {each.__name__ for each in _subclasses(CrmError)} - NOT_FOR_PAGES

    faults = [
        f"{path}:{node.lineno}"
        for path, node in _calls()
        if _name(node) in refusals and node.args and isinstance(node.args[0], ast.Constant | ast.JoinedStr)
    ]
    assert models and faults == []


def test_words_in_web_code_are_marked() -> None:
    faults = [
        f"{path}:{keyword.value.lineno} {keyword.arg}"
        for path, node in _calls()
        if path.startswith("crm/web/") and _name(node) not in NOT_SHOWN
        for keyword in (*_first(node), *node.keywords)
        if keyword.arg in SHOWN_AS and _has_words(keyword.value)
    ]

    assert faults == []


def _key(message: Message) -> tuple[str | None, object]:
    return message.context, message.id


def _is_done(message: Message) -> bool:
    return is_translated(message.string) and not message.fuzzy


def _texts(said: object) -> tuple[str, ...]:
    return tuple(said) if isinstance(said, tuple | list) else (str(said),)


def _subclasses(kind: type[CrmError]) -> Iterator[type[CrmError]]:
    for each in kind.__subclasses__():
        yield each
        yield from _subclasses(each)


def _calls() -> Iterator[tuple[str, ast.Call]]:
    for path, tree in list_modules():
        if any(path.startswith(place.rstrip("*")) for place in SHOWN_BY_PAGES):
            for node in ast.walk(tree):
                if isinstance(node, ast.Call):
                    yield path, node


def _name(call: ast.Call) -> str:
    return call.func.id if isinstance(call.func, ast.Name) else ""


def _first(call: ast.Call) -> list[ast.keyword]:
    """Return the first argument of what shows it: a message, a field's label, a validator's complaint."""
    name = _name(call)
    shows = (
        name == "flash"
        or name.endswith("Field")
        or name in ("DataRequired", "ValidationError", "Word", "Words")
    )
    return [ast.keyword("message", call.args[0])] if shows and call.args else []


def _has_words(value: ast.expr) -> bool:
    if isinstance(value, ast.JoinedStr):
        return any(_has_words(piece) for piece in value.values)
    return isinstance(value, ast.Constant) and isinstance(value.value, str) and bool(_words(value.value))


def _words(text: str) -> list[str]:
    return [word for word in re.findall(r"[A-Za-z]{2,}", text) if word not in NAMES]


def _unmarked(template: str) -> list[str]:
    """Return the words of a template that nobody can translate."""
    reader = _Reader()
    reader.feed(_as_html(template, reader.found))
    return reader.found


class _Reader(HTMLParser):
    """Collects what people see, and what is read aloud to them."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def handle_data(self, data: str) -> None:
        self.found += _words(data)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        for name, value in attrs:
            if name in READ_ALOUD:
                self.found += _words(value or "")


def _as_html(template: str, found: list[str]) -> str:
    """Return the template's own text with the texts that its expressions print; into `found` those that they pass on.

    A text passed on that has a capital letter is for people; names of icons, classes and fields have none.
    """
    written, depth, marked, before, printed = "", 0, 0, "", False
    for _line, kind, text in Environment(autoescape=True).lex(template):
        if kind == "data":
            written += text
        elif kind in ("variable_begin", "block_begin"):
            depth, marked, printed = 0, 0, kind == "variable_begin"
        elif kind == "operator" and text in "([{":
            depth += 1
            marked = marked or (depth if before in MARKS else 0)
        elif kind == "operator" and text in ")]}":
            marked = 0 if marked == depth else marked
            depth -= 1
        elif kind == "string" and not marked and before not in ("==", "!="):
            if printed and not depth:
                written += text.strip("'\"")
            else:
                found += [word for word in _words(text) if word != word.lower()]
        before = before if kind == "whitespace" else text
    return written
