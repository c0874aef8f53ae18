"""The filters of the list of messages: what stands in the address, what it means, what is wrong with it.

A number is in the address by its id, and what was searched for is sealed: neither stands there to be read.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import urlencode

from flask_babel import gettext as _

from crm.core.clock import now
from crm.core.errors import N_, InvalidInputError
from crm.mobiletech.message_filter import NONE
from crm.mobiletech.message_log import Direction, LogFilter
from crm.mobiletech.wire.operators import Operator
from crm.mobiletech.wishes import Reason
from crm.mobiletech.words import REASON_WORDS, STATE_WORDS, MessageState
from crm.web.filters import Chip, Choice, Options, Reader, first_moment, moment_after, one_of
from crm.web.ids import LARGEST_ID
from crm.web.languages import told
from crm.web.page_tools import get_settings
from crm.web.sealed import unseal

PURPOSE = "search for messages"
LARGEST_VERSION = 2**31 - 1
_CODE = re.compile(r"[A-Za-z0-9._-]{1,64}", re.ASCII)
_WHOLE = re.compile(r"[1-9][0-9]{0,18}", re.ASCII)

DIRECTIONS: Options = (("in", N_("Received")), ("out", N_("Sent or to be sent")))
STATES: Options = tuple(
    (state, N_("Billed or delivered") if state is MessageState.BILLED else word.word)
    for state, word in STATE_WORDS.items()
)
REASONS: Options = tuple(REASON_WORDS.items())
OPERATORS: Options = (*((operator, operator.label) for operator in Operator), (NONE, N_("Unknown")))
WITHOUT: dict[str, str] = {
    "template": N_("Without a template"),
    "billkey": N_("Without a key"),
    "code": N_("Without a code"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Filters:
    """What the address asks for: `values` as they stand there, `problems` in sentences.

    `thread` is the id of a known number and `term` what was searched for; message_search.py looks them up.
    """

    wanted: LogFilter
    values: Mapping[str, str]
    problems: Sequence[str]
    thread: int | None = None
    term: str | None = None

    def href(self, **more: str) -> str:
        """Return the address of this view with more in it."""
        query = urlencode({**self.values, **more})
        return f"?{query}" if query else "?"


def read_filters(args: Mapping[str, str]) -> Filters:
    """Read the filters; what cannot be read is told and left out."""
    values, problems, meant = {}, [], {}
    for name, (attribute, read) in _READERS.items():
        text = args.get(name, "").strip()
        if not text:
            continue
        values[name] = text
        try:
            meant[attribute] = read(text)
        except InvalidInputError as error:
            problems.append(f"{_(LABELS[name])}: {told(error)}")
    if "since" in meant and "until" in meant and meant["since"] >= meant["until"]:
        problems.append(f"{_(LABELS['to'])}: {_('must not be before From.')}")
    if "version" in meant and "template" not in values:
        problems.append(f"{_(LABELS['version'])}: {_('say of which template.')}")
    thread, term = meant.pop("thread", None), meant.pop("term", None)
    return Filters(wanted=LogFilter(**meant), values=values, problems=problems, thread=thread, term=term)


def list_choices(filters: Filters, *, templates: Sequence[str], billkeys: Sequence[str]) -> list[Choice]:
    """Return the filters for the form; those that refine another stand there when the other does."""
    options = (
        dict.fromkeys(LABELS, ())
        | _fixed()
        | {
            "template": [*((code, code) for code in templates), (NONE, _(WITHOUT["template"]))],
            "billkey": [*((key, key) for key in billkeys), (NONE, _(WITHOUT["billkey"]))],
        }
    )
    return [
        Choice(
            name=name,
            label=_(label),
            value=filters.values.get(name, ""),
            options=_with(options[name], name, filters),
            is_text=name in ("version", "code"),
        )
        for name, label in LABELS.items()
        if name not in HIDDEN and (name in filters.values or _is_offered(name, filters))
    ]


def list_chips(filters: Filters, *, number: str | None = None) -> list[Chip]:
    """Return what is in force; `number` as it is shown, for the one that is meant by its id."""
    fixed = _fixed()
    said = {"thread": number, "q": f"“{filters.term}”" if filters.term is not None else None}
    said |= {name: _(words) for name, words in WITHOUT.items() if filters.values.get(name) == NONE}
    return [
        Chip(
            f"{_(LABELS[name])}: {(said.get(name) or dict(fixed.get(name, ())).get(value, value))[:40]}",
            _without(name, filters),
        )
        for name, value in filters.values.items()
    ]


def _without(name: str, filters: Filters) -> str:
    """Return the address without a filter, and without what only refines it."""
    gone = {name, "version"} if name == "template" else {name}
    return f"?{urlencode({other: text for other, text in filters.values.items() if other not in gone})}"


def _is_offered(name: str, filters: Filters) -> bool:
    """Return whether a filter can be of use: only what was not sent has a reason to choose."""
    if name == "reason":
        return filters.wanted.state is MessageState.NOT_SENT
    return name != "version" or "template" in filters.values


def _fixed() -> dict[str, Options]:
    """Return what does not depend on the rows, in the language of the page."""
    return {name: [(value, _(label)) for value, label in options] for name, options in _FIXED.items()}


def _with(options: Options, name: str, filters: Filters) -> Options:
    """Add what is in force but not on offer: a key that is old, a template that never was."""
    value = filters.values.get(name)
    if value is None or not options or value in dict(options) or not _CODE.fullmatch(value):
        return options
    return [*options, (value, value)] if name in ("template", "billkey") else options


def _code(text: str) -> str:
    if not _CODE.fullmatch(text):
        raise InvalidInputError(
            N_("%(given)r is no code; it has letters, digits, dots, dashes and underscores."), given=text[:40]
        )
    return text


def _operator(text: str) -> str:
    return NONE if text == NONE else str(one_of(Operator)(text))


def _id(text: str) -> int:
    if not _WHOLE.fullmatch(text) or int(text) > LARGEST_ID:
        raise InvalidInputError(N_("%(given)r is no number of a row."), given=text[:40])
    return int(text)


def _version(text: str) -> int:
    if not _WHOLE.fullmatch(text) or int(text) > LARGEST_VERSION:
        raise InvalidInputError(N_("%(given)r is no number of a version; they are 1, 2, 3."), given=text[:40])
    return int(text)


def _unsealed(word: str) -> str:
    return unseal(word, key=get_settings().secret_key, purpose=PURPOSE, at=now())


LABELS = {
    "q": N_("Search"),
    "thread": N_("Number"),
    "direction": N_("Direction"),
    "state": N_("State"),
    "reason": N_("Reason"),
    "template": N_("Template"),
    "version": N_("Version"),
    "billkey": N_("Key"),
    "operator": N_("Operator"),
    "code": N_("Code"),
    "from": N_("From"),
    "to": N_("Until"),
}
HIDDEN = ("q", "thread")  # not in the form; kept by it
_READERS: dict[str, tuple[str, Reader]] = {
    "q": ("term", _unsealed),
    "thread": ("thread", _id),
    "direction": ("direction", one_of(Direction)),
    "state": ("state", one_of(MessageState)),
    "reason": ("reason", one_of(Reason)),
    "template": ("template", _code),
    "version": ("version", _version),
    "billkey": ("billkey", _code),
    "operator": ("operator", _operator),
    "code": ("code", _code),
    "from": ("since", first_moment),
    "to": ("until", moment_after),
}
_FIXED: dict[str, Options] = {
    "direction": DIRECTIONS,
    "state": STATES,
    "reason": REASONS,
    "operator": OPERATORS,
}
