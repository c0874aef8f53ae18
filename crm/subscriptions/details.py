"""What is said of a subscription type, as it is written, and the rule for each of it."""

import re
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from crm.core.errors import N_
from crm.core.money import CURRENCY, InvalidAmountError, parse_amount
from crm.subscriptions.errors import InvalidTypeError
from crm.subscriptions.extension import ExtensionMethod
from crm.subscriptions.periods import LengthMethod
from crm.subscriptions.short_names import LONGEST, is_plain

NEW = "new"  # the page where types are made has this address
CODE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}", re.ASCII)
LONGEST_LENGTH = 3660  # days
LONGEST_NAME = 200
LONGEST_DESCRIPTION = 2000
MOST_TRIALS = 100
MOST_SORTING = 10_000
HOURS_OF_DAY = 24
SHORTEST_MONTH = 28
_WHOLE = re.compile(r"[+-]?[0-9]{1,6}", re.ASCII)


@dataclass(frozen=True, slots=True, kw_only=True)
class SubscriptionTypeDetails:
    """What is said of a type; an empty text is nothing.

    Shape: amounts and numbers as they are written; `next_type` is a code. Units: lengths in days,
    `charge_before` in hours before the end, below 0 after it.
    """

    name: str
    user_label: str
    price: str
    length: str
    description: str = ""
    currency: str = "EUR"
    extension_method: str = ExtensionMethod.EXTEND_ACTUAL
    length_method: str = LengthMethod.FIX_DAYS
    extending_length: str = ""
    fixed_start: datetime | None = None
    fixed_end: datetime | None = None
    short_name: str = ""
    next_type: str = ""
    trial_periods: str = ""
    charge_before: str = ""
    active: bool = True
    visible: bool = True
    no_subscription: bool = False
    sorting: str = "10"


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckedDetails:
    """Details whose every field keeps its rule; whether the next type fits only the other types tell."""

    columns: dict[str, object]
    short_name: str
    next_type: str


def check_code(code: str) -> None:
    """Refuse what cannot be a type's code. Raises: InvalidTypeError."""
    if not CODE.fullmatch(code) or code == NEW:
        told = N_("A code has up to 64 letters, digits, dots, dashes and underscores, as in month.")
        raise InvalidTypeError(told, field="code")


def check_details(details: SubscriptionTypeDetails) -> CheckedDetails:
    """Return the details as the table keeps them.

    Raises: InvalidTypeError with the field and the rule that it breaks.
    """
    columns = {
        "name": _text("name", details.name, N_("Write a name."), LONGEST_NAME),
        "user_label": _text(
            "user_label", details.user_label, N_("Write what readers call it."), LONGEST_NAME
        ),
        "description": _text("description", details.description, None, LONGEST_DESCRIPTION),
        "price": _price(details.price),
        "currency": _currency(details.currency),
        **_period(details),
        "active": details.active,
        "visible": details.visible,
        "no_subscription": details.no_subscription,
        "sorting": _number("sorting", details.sorting, 0, MOST_SORTING) or 0,
        "trial_periods": _trials(details),
        "recurrent_charge_before": _charge_before(details),
    }
    return CheckedDetails(
        columns=columns, short_name=_short_name(details.short_name), next_type=details.next_type.strip()
    )


def _period(details: SubscriptionTypeDetails) -> dict[str, object]:
    if details.length_method not in set(LengthMethod):
        raise InvalidTypeError(N_("A length is fix_days or calendar_days."), field="length_method")
    if details.extension_method not in set(ExtensionMethod):
        told = N_("There is no extension method %(method)r.")
        raise InvalidTypeError(told, field="extension_method", method=details.extension_method[:40])
    length = _number("length", details.length, 1, LONGEST_LENGTH)
    if length is None:
        raise InvalidTypeError(N_("Write how many days it lasts."), field="length")
    begins, ends = details.fixed_start, details.fixed_end
    if begins is not None and ends is not None and begins >= ends:
        raise InvalidTypeError(N_("It must not end before it begins."), field="fixed_end")
    return {
        "length_method": details.length_method,
        "extension_method": details.extension_method,
        "length": length,
        "extending_length": _number("extending_length", details.extending_length, 1, LONGEST_LENGTH),
        "fixed_start": begins,
        "fixed_end": ends,
    }


def _text(field: str, written: str, missing: str | None, longest: int) -> str:
    text = written.strip()
    if not text and missing is not None:
        raise InvalidTypeError(missing, field=field)
    if "\0" in text:
        raise InvalidTypeError(N_("Take out the zero character; it cannot be stored."), field=field)
    if len(text) > longest:
        raise InvalidTypeError(N_("Write at most %(most)s characters."), field=field, most=longest)
    return text


def _price(written: str) -> Decimal:
    try:
        return parse_amount(written)
    except InvalidAmountError as error:
        raise InvalidTypeError(error.message, **error.fields, field="price") from error


def _currency(written: str) -> str:
    if not CURRENCY.fullmatch(written):
        raise InvalidTypeError(N_("A currency has three capital letters, such as EUR."), field="currency")
    return written


def _number(field: str, written: str, least: int, most: int) -> int | None:
    text = written.strip().replace("\N{MINUS SIGN}", "-")
    if not text:
        return None
    if not _WHOLE.fullmatch(text) or not least <= int(text) <= most:
        told = N_("Write a whole number from %(least)s to %(most)s.")
        raise InvalidTypeError(told, field=field, least=least, most=most)
    return int(text)


def _trials(details: SubscriptionTypeDetails) -> int | None:
    trials = _number("trial_periods", details.trial_periods, 1, MOST_TRIALS)
    if trials is not None and not details.next_type.strip():
        told = N_("Say which type comes after these periods, or leave their number empty.")
        raise InvalidTypeError(told, field="trial_periods")
    return 1 if details.next_type.strip() and trials is None else trials


def _charge_before(details: SubscriptionTypeDetails) -> int | None:
    days = SHORTEST_MONTH
    if details.length_method == LengthMethod.FIX_DAYS:
        lengths = [details.length, details.extending_length]
        days = min(int(each) for each in lengths if each.strip())
    most = days * HOURS_OF_DAY
    hours = _number("charge_before", details.charge_before, -most, most)
    if hours is not None and hours >= most:
        told = N_("A period may have only %(hours)s hours. Charge less than that before its end.")
        raise InvalidTypeError(told, field="charge_before", hours=most)
    return hours


def _short_name(written: str) -> str:
    name = written.strip()
    if not is_plain(name):
        told = N_("Use letters without diacritics and plain signs only.")
        raise InvalidTypeError(told, field="short_name")
    if len(name) > LONGEST:
        told = N_("Write at most %(most)s characters; these are %(count)s.")
        raise InvalidTypeError(told, field="short_name", most=LONGEST, count=len(name))
    return name
