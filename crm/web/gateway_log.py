"""The gateway's logs as lists: what we handed over, what readers sent, what was reported."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any
from urllib.parse import urlencode

from flask import Blueprint
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from sqlalchemy.orm import Session

from crm.core.db import current_session
from crm.core.errors import N_, InvalidInputError
from crm.mobiletech.catalogue.status_codes import CODE
from crm.mobiletech.client import OutcomeKind
from crm.mobiletech.exchanges import (
    RECEIVES,
    REPORTS,
    SENDS,
    ExchangeFilter,
    ExchangePage,
    Log,
    list_exchanges,
)
from crm.users.roles import Permission
from crm.web.filters import Chip, Choice, Reader, first_moment, moment_after, one_of
from crm.web.gateway_rows import OUTCOMES, ExchangeRow, receive_rows, report_rows, send_rows
from crm.web.guards import staff
from crm.web.list_query import ListQuery, make_pager, read_query
from crm.web.page_tools import local_time, render_staff_page

gateway_log = Blueprint("gateway_log", __name__)

PAGE = 50
LABELS = {
    "kind": N_("Log"),
    "outcome": N_("Outcome"),
    "code": N_("Code"),
    "matched": N_("Message"),
    "id": N_("Gateway id"),
    "from": N_("From"),
    "to": N_("Until"),
}
MATCHED = {"yes": N_("One of ours"), "no": N_("None of ours")}
_GATEWAY_ID = re.compile(r"[!-~]{1,200}", re.ASCII)


class ExchangeKind(StrEnum):
    """Which log."""

    SEND = "send"
    RECEIVE = "receive"
    STATUS = "status"


@dataclass(frozen=True, slots=True, kw_only=True)
class KindPage:
    """One log on the page: its name, its rows, its own filters, and what an empty one says."""

    name: str
    log: Log
    rows: Callable[[Session, Sequence[Any]], list[ExchangeRow]]
    filters: tuple[str, ...]
    about: str
    said: str
    empty: str


KINDS: Mapping[ExchangeKind, KindPage] = {
    ExchangeKind.SEND: KindPage(
        name=N_("Handed over"),
        log=SENDS,
        rows=send_rows,
        filters=("outcome", "id", "from", "to"),
        about=N_("To"),
        said=N_("What the gateway said"),
        empty=N_("Each call of the gateway will stand here, with what it answered and how long it took."),
    ),
    ExchangeKind.RECEIVE: KindPage(
        name=N_("Received"),
        log=RECEIVES,
        rows=receive_rows,
        filters=("id", "from", "to"),
        about=N_("From"),
        said=N_("What came"),
        empty=N_("Each SMS that the gateway brings will stand here, as it came."),
    ),
    ExchangeKind.STATUS: KindPage(
        name=N_("Reported"),
        log=REPORTS,
        rows=report_rows,
        filters=("code", "matched", "id", "from", "to"),
        about=N_("Message to"),
        said=N_("What was reported"),
        empty=N_("Each delivery report will stand here, also one that belongs to no message of ours."),
    ),
}


@dataclass(frozen=True, slots=True)
class Tab:
    """One of the logs, as a link; dates and the id stay chosen."""

    label: str
    href: str
    current: bool


@gateway_log.get("")
@staff(Permission.READ)
def show_list() -> ResponseReturnValue:
    """List the exchanges that the address asks for."""
    query = _read()
    kind = query.wanted.get("kind", ExchangeKind.SEND)
    page, shown_kind = ExchangePage(rows=(), newer=None, older=None), KINDS[kind]
    session = current_session()
    if not query.problems:
        wanted = _wanted(query, shown_kind)
        page = list_exchanges(
            session, shown_kind.log, wanted, limit=PAGE, after=query.after, before=query.before
        )
    shown = render_staff_page(
        "gateway_log/list.html",
        tabs=_tabs(query, kind),
        kind=shown_kind,
        is_send=kind is ExchangeKind.SEND,
        rows=shown_kind.rows(session, page.rows),
        filters=_choices(query, shown_kind),
        hidden={"kind": kind.value},
        active_filters=_chips(query),
        pager=make_pager(query, page),
        hint=_hint(page),
        problems=query.problems,
    )
    return (shown, 400) if query.problems else shown


def _read() -> ListQuery:
    readers: dict[str, Reader] = {
        "kind": one_of(ExchangeKind),
        "outcome": one_of(OutcomeKind),
        "code": _code,
        "matched": _matched,
        "id": _gateway_id,
        "from": first_moment,
        "to": moment_after,
    }
    return read_query({name: (LABELS[name], read) for name, read in readers.items()})


def _wanted(query: ListQuery, kind: KindPage) -> ExchangeFilter:
    """Return what to list; a filter of another log says nothing about this one."""
    found = {name: value for name, value in query.wanted.items() if name in kind.filters}
    return ExchangeFilter(
        gateway_id=found.get("id"),
        outcome=found.get("outcome"),
        code=found.get("code"),
        is_matched=found.get("matched"),
        since=found.get("from"),
        until=found.get("to"),
    )


def _code(text: str) -> str:
    if not CODE.fullmatch(text):
        raise InvalidInputError(
            N_("%(given)r is no code of a report; write it like D1 or A5."), given=text[:40]
        )
    return text


def _matched(text: str) -> bool:
    if text not in MATCHED:
        raise InvalidInputError(
            N_("%(given)r is none of %(known)s."), given=text[:40], known=", ".join(MATCHED)
        )
    return text == "yes"


def _gateway_id(text: str) -> str:
    if not _GATEWAY_ID.fullmatch(text):
        raise InvalidInputError(N_("%(given)r is no id of the gateway."), given=text[:40])
    return text


def _tabs(query: ListQuery, current: ExchangeKind) -> list[Tab]:
    kept = {name: query.values[name] for name in ("id", "from", "to") if name in query.values}
    return [
        Tab(_(page.name), f"?{urlencode({'kind': kind.value} | kept)}", kind is current)
        for kind, page in KINDS.items()
    ]


def _options() -> dict[str, list[tuple[str, str]]]:
    return {
        "outcome": [(kind, _(word.word)) for kind, word in OUTCOMES.items()],
        "matched": [(word, _(label)) for word, label in MATCHED.items()],
    }


def _choices(query: ListQuery, kind: KindPage) -> list[Choice]:
    options = _options()
    return [
        Choice(
            name=name,
            label=_(LABELS[name]),
            value=query.values.get(name, ""),
            options=options.get(name, ()),
            is_text=name in ("id", "code"),
        )
        for name in kind.filters
    ]


def _chips(query: ListQuery) -> list[Chip]:
    options = _options()
    return [
        query.chip(name, f"{_(LABELS[name])}: {dict(options.get(name, ())).get(value, value)[:40]}")
        for name, value in query.values.items()
        if name != "kind"
    ]


def _hint(page: ExchangePage) -> str:
    if page.is_cut and page.older is not None:
        return _("Searched back to %(moment)s; go on with Older.", moment=local_time(page.older.at, "minute"))
    return ""
