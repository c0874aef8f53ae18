"""What a list of renewals may be asked for in its address, and the filters as the page shows them."""

from collections.abc import Collection
from typing import Any

from flask_babel import gettext as _
from sqlalchemy.orm import Session

from crm.core.db import current_session
from crm.core.errors import N_, InvalidInputError
from crm.payments.renewal_list import RenewalFilter, RenewalView, StoppedBy
from crm.payments.statuses import Failure
from crm.subscriptions.models import SubscriptionType
from crm.subscriptions.queries import find_type, list_types
from crm.web.filters import Chip, Choice, Options, Reader, first_moment, moment_after, one_of
from crm.web.ids import LARGEST_ID
from crm.web.list_query import ListQuery, read_query
from crm.web.renewal_words import FAILURE_WORDS, STOPPED_WORDS, VIEW_WORDS

LABELS = {
    "view": N_("View"),
    "type": N_("Subscription"),
    "reason": N_("Reason"),
    "by": N_("Stopped by"),
    "user": N_("Reader"),
    "from": N_("From"),
    "to": N_("Until"),
}


def read_renewal_query() -> ListQuery:
    """Return what the address asks for."""
    readers: dict[str, Reader] = {
        "view": one_of(RenewalView),
        "type": _type,
        "reason": one_of(Failure),
        "by": one_of(StoppedBy),
        "user": _user,
        "from": first_moment,
        "to": moment_after,
    }
    return read_query({name: (LABELS[name], read) for name, read in readers.items()})


def as_filter(query: ListQuery, unproven: Collection[int]) -> RenewalFilter:
    """Return what to list; who is stopped by somebody is stopped."""
    wanted, kind = query.wanted, query.wanted.get("type")
    return RenewalFilter(
        view=wanted.get("view"),
        stopped_by=wanted.get("by"),
        type_id=kind.id if kind is not None else None,
        failure=wanted.get("reason"),
        user_id=wanted.get("user"),
        since=wanted.get("from"),
        until=wanted.get("to"),
        unproven=unproven,
    )


def list_choices(session: Session, query: ListQuery) -> list[Choice]:
    """Return the filters of the form; the view stands above it."""
    types = [(kind.code, kind.user_label) for kind in list_types(session)]
    failures = [(failure, _(word.word)) for failure, word in FAILURE_WORDS.items()]
    stops = [(by, _(words)) for by, words in STOPPED_WORDS.items()]
    options: dict[str, Options] = {"type": types, "reason": failures, "by": stops, "from": [], "to": []}
    return [
        Choice(name=name, label=_(LABELS[name]), value=query.values.get(name, ""), options=each)
        for name, each in options.items()
    ]


def list_chips(query: ListQuery, reader: str | None) -> list[Chip]:
    """Return the filters in force but the view; `reader` is the name of whom it is about."""
    return [
        query.chip(name, f"{_(LABELS[name])}: {_shown(name, value, query.wanted.get(name), reader)[:40]}")
        for name, value in query.values.items()
        if name != "view"
    ]


def view_label(view: RenewalView) -> str:
    """Return the word of a view."""
    return str(_(VIEW_WORDS[view]))


def _shown(name: str, value: str, meant: Any, reader: str | None) -> str:
    if meant is None:
        return value
    if name == "type":
        return str(meant.user_label)
    if name == "reason":
        return str(_(FAILURE_WORDS[meant].word))
    if name == "by":
        return str(_(STOPPED_WORDS[meant]))
    return reader or value if name == "user" else value


def _type(code: str) -> SubscriptionType:
    found = find_type(current_session(), code)
    if found is None:
        raise InvalidInputError(N_("There is no subscription type %(code)s."), code=code[:40])
    return found


def _user(text: str) -> int:
    if not (text.isascii() and text.isdigit()) or int(text) > LARGEST_ID:
        raise InvalidInputError(N_("%(given)r is no id of a person."), given=text[:40])
    return int(text)
