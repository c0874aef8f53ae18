"""The filters of the language, as one table: what each does and which arguments it takes."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from crm.core.errors import N_, Said
from crm.mobiletech.template_language import arguments, number_filters, text_filters
from crm.mobiletech.template_language.arguments import ArgumentCheck, wrong_argument
from crm.mobiletech.template_language.date_format import format_date
from crm.mobiletech.template_language.errors import TemplateRenderError
from crm.mobiletech.template_language.limits import MAX_VALUE_CHARACTERS
from crm.mobiletech.template_language.missing import is_missing, touch


@dataclass(frozen=True, kw_only=True, slots=True)
class FilterRule:
    apply: Callable[..., object]
    arguments: tuple[ArgumentCheck, ...] = ()
    needed: int = 0
    takes_missing: bool = False


_POSITION: Final = arguments.whole(-20_000, 20_000)
_LENGTH: Final = arguments.whole(-20_000, 20_000, or_null=True)
_DECIMALS: Final = arguments.whole(0, 10, or_null=True)
_PRECISION: Final = arguments.whole(-10, 10)

FILTERS: Final[dict[str, FilterRule]] = {
    "default": FilterRule(apply=text_filters.default, arguments=(arguments.anything,), takes_missing=True),
    "upper": FilterRule(apply=text_filters.upper),
    "lower": FilterRule(apply=text_filters.lower),
    "capitalize": FilterRule(apply=text_filters.capitalize),
    "trim": FilterRule(apply=text_filters.trim, arguments=(arguments.mask, arguments.side)),
    "replace": FilterRule(
        apply=text_filters.replace, arguments=(arguments.pairs_or_text, arguments.anything), needed=1
    ),
    "slice": FilterRule(apply=text_filters.cut, arguments=(_POSITION, _LENGTH), needed=1),
    "number_format": FilterRule(
        apply=number_filters.number_format, arguments=(_DECIMALS, arguments.separator, arguments.separator)
    ),
    "date": FilterRule(apply=format_date, arguments=(arguments.date_pattern,)),
    "round": FilterRule(apply=number_filters.round_number, arguments=(_PRECISION, arguments.rounding)),
    "raw": FilterRule(apply=text_filters.raw),
}


def bound_filter(name: str) -> Callable[..., object]:
    """Return the filter as Jinja calls it: values and arguments checked before, the result after."""
    rule = FILTERS[name]

    def run(value: object, *given: object) -> object:
        if not rule.takes_missing:
            touch(value, *given)
        _check_arguments(name, rule, given)
        result = rule.apply(None if is_missing(value) else value, *given)
        if isinstance(result, str) and len(result) > MAX_VALUE_CHARACTERS:
            raise TemplateRenderError(Said(N_("the filter %(name)s makes the text too long"), name=name))
        return result

    return run


def _check_arguments(name: str, rule: FilterRule, given: tuple[object, ...]) -> None:
    for check, argument in zip(rule.arguments, given, strict=False):
        if wrong := check(argument):
            raise TemplateRenderError(wrong_argument(name, wrong))
