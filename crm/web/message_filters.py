"""The filters of the list of messages: what stands in the address, what it means, what is wrong with it."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import urlencode

from flask_babel import gettext as _

from crm.core.errors import N_, InvalidInputError
from crm.mobiletech.message_log import Direction, LogFilter
from crm.mobiletech.wire.operators import Operator
from crm.mobiletech.wishes import Reason
from crm.mobiletech.words import REASON_WORDS, STATE_WORDS, MessageState
from crm.web.filters import Chip, Choice, Options, Reader, first_moment, moment_after, one_of
from crm.web.languages import told

_CODE = re.compile(r"[A-Za-z0-9._-]{1,64}", re.ASCII)

DIRECTIONS: Options = (("in", N_("Received")), ("out", N_("Sent or to be sent")))
STATES: Options = tuple(
    (state, N_("Billed or delivered") if state is MessageState.BILLED else word.word)
    for state, word in STATE_WORDS.items()
)
REASONS: Options = tuple(REASON_WORDS.items())
OPERATORS: Options = tuple((operator, operator.label) for operator in Operator)


@dataclass(frozen=True, slots=True, kw_only=True)
class Filters:
    """What the address asks for: `values` as they stand there, `problems` in sentences."""

    wanted: LogFilter
    values: Mapping[str, str]
    problems: Sequence[str]

    def href(self, **more: str) -> str:
        """Return the address of this view with more in it."""
        query = urlencode({**self.values, **more})
        return f"?{query}" if query else "?"


def read_filters(args: Mapping[str, str]) -> Filters:
    """Read the filters; what cannot be read is told and left out."""
    values, problems, wanted = {}, [], {}
    for name, (attribute, read) in _READERS.items():
        text = args.get(name, "").strip()
        if not text:
            continue
        values[name] = text
        try:
            wanted[attribute] = read(text)
        except InvalidInputError as error:
            problems.append(f"{_(LABELS[name])}: {told(error)}")
    if "since" in wanted and "until" in wanted and wanted["since"] >= wanted["until"]:
        problems.append(f"{_(LABELS['to'])}: {_('must not be before From.')}")
    return Filters(wanted=LogFilter(**wanted), values=values, problems=problems)


def list_choices(filters: Filters, *, templates: Sequence[str], billkeys: Sequence[str]) -> list[Choice]:
    """Return the filters for the form; only what was not sent has a reason to choose."""
    options = _fixed() | {
        "template": [(code, code) for code in templates],
        "billkey": [(key, key) for key in billkeys],
    }
    return [
        Choice(
            name=name,
            label=_(label),
            value=filters.values.get(name, ""),
            options=_with(options[name], name, filters),
        )
        for name, label in LABELS.items()
        if name != "reason" or filters.wanted.state is MessageState.NOT_SENT or "reason" in filters.values
    ]


def list_chips(filters: Filters) -> list[Chip]:
    """Return what is in force."""
    chips = []
    for name, value in filters.values.items():
        rest = {other: text for other, text in filters.values.items() if other != name}
        shown = dict(_fixed().get(name, ())).get(value, value)
        chips.append(Chip(f"{_(LABELS[name])}: {shown[:40]}", f"?{urlencode(rest)}"))
    return chips


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


LABELS = {
    "direction": N_("Direction"),
    "state": N_("State"),
    "reason": N_("Reason"),
    "template": N_("Template"),
    "billkey": N_("Key"),
    "operator": N_("Operator"),
    "from": N_("From"),
    "to": N_("Until"),
}
_READERS: dict[str, tuple[str, Reader]] = {
    "direction": ("direction", one_of(Direction)),
    "state": ("state", one_of(MessageState)),
    "reason": ("reason", one_of(Reason)),
    "template": ("template", _code),
    "billkey": ("billkey", _code),
    "operator": ("operator", one_of(Operator)),
    "from": ("since", first_moment),
    "to": ("until", moment_after),
}
_FIXED: dict[str, Options] = {
    "direction": DIRECTIONS,
    "state": STATES,
    "reason": REASONS,
    "operator": OPERATORS,
    "from": (),
    "to": (),
}
