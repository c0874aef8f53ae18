"""The longest text that a template can make of the values that have really come.

Every branch is tried: optional values left out, empty ones, and the constants that it compares with.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from itertools import chain, islice, product

from crm.mobiletech.editing.longest import Longest
from crm.mobiletech.editing.placeholders import list_readings
from crm.mobiletech.editing.samples import sample_of
from crm.mobiletech.template_language import CompiledTemplate, TemplateLanguageError
from crm.mobiletech.template_language.values import Value
from crm.mobiletech.wire.sms_text import Measured, measure

TRIES = 400
_ABSENT = object()
_OTHER_KINDS = ("4.99", "2026-12-24")


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One text that a template can make, and of which values."""

    values: Mapping[str, Value]
    measured: Measured


def find_worst(
    compiled: CompiledTemplate, longest: Mapping[str, Sequence[Longest]], language: str
) -> Case | None:
    """Return the case with the most parts, of these the one with the most units; None if nothing renders."""
    offered = {
        name: [each.value for each in longest.get(name, ())] or [sample_of(name)]
        for name in (parameter.name for parameter in compiled.parameters)
    }
    cases = list_cases(compiled, offered, language, with_empty=True)
    return max(cases, key=lambda case: (case.measured.parts, case.measured.units), default=None)


def list_cases(
    compiled: CompiledTemplate,
    offered: Mapping[str, Sequence[str]],
    language: str,
    *,
    with_empty: bool = False,
) -> Iterator[Case]:
    """Give the texts that the offered values make in every branch, up to a bound; what does not fit is left out."""
    names = [parameter.name for parameter in compiled.parameters]
    choices = [_list_choices(compiled, name, offered, with_empty) for name in names]
    for chosen in chain(_one_by_one(choices), islice(product(*choices), TRIES)):
        values = {name: value for name, value in zip(names, chosen, strict=True) if value is not _ABSENT}
        try:
            yield Case(values=values, measured=measure(compiled.render(values, language)))
        except TemplateLanguageError:
            continue


def _one_by_one(choices: Sequence[Sequence[Value]]) -> Iterator[tuple[Value, ...]]:
    """Vary one value while the others are the first of theirs: the product alone may end before it does."""
    first = tuple(choice[0] for choice in choices)
    for place, choice in enumerate(choices):
        for value in choice:
            yield (*first[:place], value, *first[place + 1 :])


def _list_choices(
    compiled: CompiledTemplate, name: str, offered: Mapping[str, Sequence[str]], with_empty: bool
) -> Sequence[Value]:
    readings = [reading for each in offered[name] for reading in list_readings(name, each)]
    others = [reading for each in _OTHER_KINDS for reading in list_readings(name, each)]
    constants = [near for constant in compiled.compared.get(name, ()) for near in _near(constant)]
    is_required = next(each.required for each in compiled.parameters if each.name == name)
    absent: list[Value] = [] if is_required else [_ABSENT]  # type: ignore[list-item]  # never rendered
    empty: list[Value] = [""] if with_empty else []
    return [*readings, *constants, *absent, *empty, *(others if _takes_no_text(compiled, name) else [])]


def _near(constant: Value) -> Sequence[Value]:
    """Return the constant; of a number also what is just below and above it."""
    if isinstance(constant, bool) or not isinstance(constant, int | float):
        return (constant,)
    exact = Decimal(str(constant))
    return (exact, exact + 1, exact - 1)


def _takes_no_text(compiled: CompiledTemplate, name: str) -> bool:
    """Return whether a text that is no number and no day makes the template fail, whatever the others are."""
    return not any(_renders_with_text(compiled, name, of) for of in (lambda _: "7", sample_of))


def _renders_with_text(compiled: CompiledTemplate, name: str, of: Callable[[str], Value]) -> bool:
    values = {each.name: "x" if each.name == name else of(each.name) for each in compiled.parameters}
    try:
        compiled.render(values)
    except TemplateLanguageError:
        return False
    return True
