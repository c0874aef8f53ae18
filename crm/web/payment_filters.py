"""The filters of the list of payments: what stands in the address, what it means, what is wrong with it.

A number is in the address by its id, and what was searched for is sealed: neither stands there to be read.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any

from flask_babel import gettext as _
from sqlalchemy.orm import Session

from crm.core.clock import now
from crm.core.errors import N_, InvalidInputError
from crm.mobiletech.search.finding import list_numbers_ending, read_end
from crm.payments.payment_list import PaymentFilter, PaymentKind, list_gateways
from crm.payments.statuses import Failure, PaymentStatus
from crm.sms_billing.proofs import Waits, list_payments_of, list_waiting
from crm.subscriptions.queries import list_types
from crm.users.models import KnownNumber
from crm.web.filters import Chip, Choice, Options, Reader, first_moment, moment_after, one_of
from crm.web.ids import LARGEST_ID
from crm.web.languages import told
from crm.web.list_query import ListQuery, read_query
from crm.web.message_pages import spaced
from crm.web.page_tools import get_settings
from crm.web.payment_words import KIND_WORDS, STATUS_WORDS, WAITS_WORDS
from crm.web.renewal_words import FAILURE_WORDS
from crm.web.sealed import unseal

PURPOSE = "search for payments"
_CODE = re.compile(r"[A-Za-z0-9._-]{1,64}", re.ASCII)
_WHOLE = re.compile(r"[1-9][0-9]{0,18}", re.ASCII)
_AMOUNT = re.compile(r"[0-9]{1,6}(?:[.,][0-9]{1,2})?", re.ASCII)

LABELS = {
    "q": N_("Search"),
    "thread": N_("Number"),
    "status": N_("Status"),
    "waits": N_("Waits"),
    "kind": N_("Kind"),
    "type": N_("Type"),
    "failure": N_("Failure"),
    "gateway": N_("Gateway"),
    "amount_from": N_("Amount from"),
    "amount_to": N_("Amount up to"),
    "from": N_("Made from"),
    "to": N_("Made until"),
    "paid_from": N_("Paid from"),
    "paid_to": N_("Paid until"),
}
HIDDEN = ("q", "thread")  # not in the form; kept by it
TEXTS = ("amount_from", "amount_to")
RANGES = (("amount_from", "amount_to"), ("from", "to"), ("paid_from", "paid_to"))


@dataclass(frozen=True, slots=True, kw_only=True)
class View:
    """What the address asks for, looked up; and the number that it means."""

    query: ListQuery
    wanted: PaymentFilter
    problems: tuple[str, ...]
    number: KnownNumber | None = None

    @property
    def hidden(self) -> dict[str, str]:
        """What the form keeps without showing it."""
        return {name: self.query.values[name] for name in HIDDEN if name in self.query.values}


def read_view(session: Session) -> View:
    """Read the address; what cannot be read is told and left out."""
    query = read_query({name: (LABELS[name], read) for name, read in _READERS.items()})
    problems = [*query.problems, *_crossed(query)]
    if problems:
        return View(query=query, wanted=PaymentFilter(), problems=tuple(problems))
    meant = dict(query.wanted)
    wanted = PaymentFilter(
        status=meant.get("status"),
        kind=meant.get("kind"),
        type=meant.get("type"),
        gateway=meant.get("gateway"),
        failure=meant.get("failure"),
        amount_from=meant.get("amount_from"),
        amount_to=meant.get("amount_to"),
        since=meant.get("from"),
        until=meant.get("to"),
        paid_since=meant.get("paid_from"),
        paid_until=meant.get("paid_to"),
    )
    return _look_up(session, View(query=query, wanted=wanted, problems=()))


def list_choices(session: Session, query: ListQuery) -> list[Choice]:
    """Return the filters for the form."""
    options: dict[str, Options] = {
        "status": [(status, _(word.word)) for status, word in STATUS_WORDS.items()],
        "waits": [(waits, _(word.word)) for waits, word in WAITS_WORDS.items()],
        "kind": [(kind, _(word)) for kind, word in KIND_WORDS.items()],
        "type": [(kind.code, kind.name) for kind in list_types(session)],
        "failure": [(failure, _(word.word)) for failure, word in FAILURE_WORDS.items()],
        "gateway": list_gateways(session),
    }
    return [
        Choice(
            name=name,
            label=_(label),
            value=query.values.get(name, ""),
            options=_with(options[name], query.values.get(name)) if name in options else (),
            is_text=name in TEXTS,
        )
        for name, label in LABELS.items()
        if name not in HIDDEN and (name not in options or options[name] or name in query.values)
    ]


def list_chips(session: Session, view: View) -> list[Chip]:
    """Return what is in force."""
    shown = {choice.name: dict(choice.options) for choice in list_choices(session, view.query)}
    said = {"thread": spaced(view.number.number) if view.number else None}
    said["q"] = f"“{view.query.wanted['q']}”" if "q" in view.query.wanted else None
    return [
        view.query.chip(
            name, f"{_(LABELS[name])}: {(said.get(name) or shown.get(name, {}).get(value, value))[:40]}"
        )
        for name, value in view.query.values.items()
    ]


def _with(options: Options, value: str | None) -> Options:
    """Add what is in force but not on offer: a type that is gone, a gateway that nobody has paid by yet."""
    if value is None or value in dict(options) or not _CODE.fullmatch(value):
        return options
    return [*options, (value, value)]


def _look_up(session: Session, view: View) -> View:
    """Find the payments that a number, the end of one, or a proof means."""
    meant, found = view.query.wanted, []
    number = None
    if "thread" in meant:
        number = session.get(KnownNumber, meant["thread"])
        if number is None:
            unknown = InvalidInputError(N_("No number has the id %(id)s."), id=meant["thread"])
            return replace(view, problems=(f"{_(LABELS['thread'])}: {told(unknown)}",))
        found.append(set(list_payments_of(session, [number.number])))
    if "q" in meant:
        end = read_end(meant["q"])
        numbers = [each.number for each in list_numbers_ending(session, end)] if end else []
        found.append(set(list_payments_of(session, numbers)))
    if "waits" in meant:
        found.append(set(list_waiting(session, meant["waits"])))
    ids = frozenset.intersection(*map(frozenset, found)) if found else None
    return replace(view, number=number, wanted=replace(view.wanted, ids=ids))


def _crossed(query: ListQuery) -> Sequence[str]:
    """Tell of each range that ends before it begins."""
    return [
        f"{_(LABELS[last])}: {_('must not be below %(first)s.', first=_(LABELS[first]))}"
        for first, last in RANGES
        if _is_crossed(first, query.wanted.get(first), query.wanted.get(last))
    ]


def _is_crossed(name: str, first: Any, last: Any) -> bool:
    """Return whether nothing lies between; the last moment of days is the first one after them."""
    if first is None or last is None:
        return False
    return bool(first > last if name in TEXTS else first >= last)


def _code(text: str) -> str:
    if not _CODE.fullmatch(text):
        raise InvalidInputError(
            N_("%(given)r is no code; it has letters, digits, dots, dashes and underscores."), given=text[:40]
        )
    return text


def _id(text: str) -> int:
    if not _WHOLE.fullmatch(text) or int(text) > LARGEST_ID:
        raise InvalidInputError(N_("%(given)r is no number of a row."), given=text[:40])
    return int(text)


def _amount(text: str) -> Decimal:
    if not _AMOUNT.fullmatch(text):
        raise InvalidInputError(N_("%(given)r is no amount; write it like 4.99."), given=text[:40])
    return Decimal(text.replace(",", "."))


def _unsealed(word: str) -> str:
    return unseal(word, key=get_settings().secret_key, purpose=PURPOSE, at=now())


_READERS: dict[str, Reader] = {
    "q": _unsealed,
    "thread": _id,
    "status": one_of(PaymentStatus),
    "waits": one_of(Waits),
    "kind": one_of(PaymentKind),
    "type": _code,
    "failure": one_of(Failure),
    "gateway": _code,
    "amount_from": _amount,
    "amount_to": _amount,
    "from": first_moment,
    "to": moment_after,
    "paid_from": first_moment,
    "paid_to": moment_after,
}
