"""One text of a template as its page shows it: filled, measured, cut, what is dear in it, its longest case."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from flask_babel import gettext as _
from flask_babel import ngettext

from crm.core.errors import InvalidInputError
from crm.mobiletech.editing.longest import Longest
from crm.mobiletech.editing.samples import Filled, fill
from crm.mobiletech.editing.worst_case import find_worst
from crm.mobiletech.sms_templates import check_content
from crm.mobiletech.template_language import CompiledTemplate
from crm.mobiletech.template_language.literals import literal_text
from crm.mobiletech.wire.gsm7 import SEPTETS
from crm.mobiletech.wire.sms_costs import Cost, CostKind, list_costs
from crm.mobiletech.wire.sms_text import Encoding, Measured, measure, split_parts
from crm.web.languages import told


@dataclass(frozen=True, slots=True)
class Run:
    """Some characters of a part; `is_costly` ones are underlined."""

    text: str
    is_costly: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class CostLine:
    """What is dear, why, and the button that writes something cheaper; no label where only a person can."""

    why: str
    label: str | None
    wish: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Worst:
    """The longest case: how long, and cut into its parts."""

    measured: Measured
    parts: Sequence[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class TextView:
    """Everything beside one text; `problem` says why there is nothing to show."""

    language: str
    compiled: CompiledTemplate | None = None
    filled: Filled | None = None
    parts: Sequence[Sequence[Run]] = ()
    costs: Sequence[CostLine] = ()
    is_folded: bool = False  # something of the text itself is sent in plain letters
    worst: Worst | None = None
    problem: str | None = None

    @property
    def measured(self) -> Measured | None:
        """How long it is with the values shown."""
        return self.filled.measured if self.filled else None


def view_text(
    language: str, content: str, typed: Mapping[str, str], longest: Mapping[str, Sequence[Longest]]
) -> TextView:
    """Return what there is to show of a text, or what is wrong with it."""
    if not content.strip():
        return TextView(language=language)
    literal = literal_text(content)
    costs = [_line(language, cost) for cost in list_costs(literal)]
    try:
        compiled = check_content(content)
    except InvalidInputError as error:
        return TextView(language=language, costs=costs, problem=told(error))
    shown = _worst(compiled, longest, language)
    try:
        filled = fill(compiled, typed, language)
    except InvalidInputError as error:
        return TextView(language=language, compiled=compiled, costs=costs, worst=shown, problem=told(error))
    return TextView(
        language=language,
        compiled=compiled,
        filled=filled,
        parts=cut_into_runs(filled.measured),
        is_folded=bool(measure(literal).replaced),
        costs=costs or _from_values(filled.measured),
        worst=shown,
    )


def _worst(
    compiled: CompiledTemplate, longest: Mapping[str, Sequence[Longest]], language: str
) -> Worst | None:
    worst = find_worst(compiled, longest, language)
    if worst is None:
        return None
    measured = worst.measured
    return Worst(measured=measured, parts=split_parts(measured.text, measured.encoding))


def cut_into_runs(measured: Measured) -> list[list[Run]]:
    """Return the parts of a text, each cut where what is dear begins and ends."""
    return [_runs(part, measured.encoding) for part in split_parts(measured.text, measured.encoding) if part]


def _runs(part: str, encoding: Encoding) -> list[Run]:
    runs: list[Run] = []
    for character in part:
        dear = character not in SEPTETS if encoding is Encoding.UCS2 else SEPTETS.get(character) == 2
        if runs and runs[-1].is_costly == dear:
            runs[-1] = Run(runs[-1].text + character, dear)
        else:
            runs.append(Run(character, dear))
    return runs


def _line(language: str, cost: Cost) -> CostLine:
    if cost.instead is None:
        label = None
    elif cost.instead.strip():
        label = _("Write %(instead)s", instead=cost.instead.strip())
    else:
        label = _("Leave it out")
    return CostLine(why=_why(cost), label=label, wish=f"{language}:{cost.character}")


def _why(cost: Cost) -> str:
    if cost.kind is CostKind.FOREIGN:
        return _("%(sign)s makes a part hold 70 characters, not 160.", sign=cost.character)
    return ngettext(
        "%(sign)s counts as two characters.",
        "%(sign)s counts as two characters, and stands here %(num)s times.",
        cost.count,
        sign=cost.character,
    )


def _from_values(measured: Measured) -> list[CostLine]:
    """What is dear only by the values shown: a person cannot write the reader's name otherwise."""
    if measured.encoding is Encoding.GSM7:
        return []
    signs = " ".join(dict.fromkeys(sign for sign in measured.text if sign not in SEPTETS))
    why = _("%(signs)s in a value makes a part hold 70 characters, not 160.", signs=signs)
    return [CostLine(why=why, label=None, wish="")]
