"""The values that callers are known to give to templates: what each means, and one to show it with."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal, InvalidOperation

from crm.core.errors import N_
from crm.mobiletech.template_language.values import Value

LONGEST_NUMBER = 30


@dataclass(frozen=True, slots=True, kw_only=True)
class Placeholder:
    """A name, what it stands for, and a value as a person would type it."""

    name: str
    meaning: str
    sample: str
    is_amount: bool = False
    is_offered: bool = True  # to whoever writes any template; the others come in one of ours only


PLACEHOLDERS: Mapping[str, Placeholder] = {
    each.name: each
    for each in (
        Placeholder(name="name", meaning=N_("the reader's public name"), sample="Žofia"),
        Placeholder(name="original_message", meaning=N_("the SMS that is answered"), sample="START"),
        Placeholder(name="subscription_name", meaning=N_("short name of the subscription"), sample="Mesačné"),
        Placeholder(
            name="price",
            meaning=N_("amount with two decimals, a comma in Slovak and a point in English"),
            sample="4,99",
            is_amount=True,
        ),
        Placeholder(name="short_number", meaning=N_("the number that readers write to"), sample="8877"),
        Placeholder(name="period", meaning=N_("how many days a charge pays for"), sample="30"),
        Placeholder(name="next_charge", meaning=N_("day of the next charge"), sample="2026-12-24"),
        Placeholder(name="end_date", meaning=N_("until when the subscription runs"), sample="2026-12-24"),
        Placeholder(
            name="stop_link",
            meaning=N_("address that stops the subscription without a login"),
            sample="https://predplatne.example.sk/s/3kTqZbX9LmW2aH7c",
        ),
        Placeholder(
            name="keyword", meaning=N_("what a reader writes to order"), sample="START", is_offered=False
        ),
        Placeholder(name="failure", meaning=N_("why a charge failed"), sample="no_credit", is_offered=False),
        Placeholder(
            name="following_price",
            meaning=N_("price of what a trial turns into"),
            sample="4,99",
            is_amount=True,
            is_offered=False,
        ),
        Placeholder(
            name="order_price",
            meaning=N_("price of an order by the keyword"),
            sample="4,99",
            is_amount=True,
            is_offered=False,
        ),
        Placeholder(
            name="more",
            meaning=N_("how many other subscriptions, or nothing"),
            sample="2",
            is_offered=False,
        ),
        Placeholder(name="count", meaning=N_("how many"), sample="2", is_offered=False),
        Placeholder(name="is_stopped", meaning=N_("1 or nothing"), sample="1", is_offered=False),
        Placeholder(name="is_pending", meaning=N_("1 or nothing"), sample="1", is_offered=False),
        Placeholder(name="is_paused", meaning=N_("1 or nothing"), sample="1", is_offered=False),
        Placeholder(name="may_still_be_billed", meaning=N_("1 or nothing"), sample="1", is_offered=False),
        Placeholder(name="code", meaning=N_("one-time code"), sample="482913", is_offered=False),
        Placeholder(
            name="language", meaning=N_("language of the page, sk or en"), sample="sk", is_offered=False
        ),
        Placeholder(name="purpose", meaning=N_("what the code is for"), sample="sign_in", is_offered=False),
    )
}


def list_readings(name: str, text: str) -> Sequence[Value]:
    """Return what a typed text may mean, the likeliest first: an amount, the text itself, a number, a day."""
    number, day = _number(text), _day(text)
    known = PLACEHOLDERS.get(name)
    ordered = (number, text, day) if known and known.is_amount else (text, number, day)
    return [reading for reading in ordered if reading is not None]


def _number(text: str) -> Decimal | None:
    plain = text.strip().replace(" ", "").replace("\u00a0", "").replace(",", ".")
    try:
        number = Decimal(plain) if len(plain) <= LONGEST_NUMBER else None
    except InvalidOperation:
        return None
    return number if number is not None and number.is_finite() else None


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text.strip())
    except ValueError:
        return None
