"""The audit log: who did what, to what, when and why; filtered by its address, and exported."""

import json
from collections.abc import Iterator, Mapping
from typing import Any

from flask import Blueprint, Response, stream_with_context
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from crm.core.clock import now
from crm.core.csv_cells import csv_lines
from crm.core.db import current_session, transaction
from crm.core.errors import N_, InvalidInputError
from crm.core.keyset import KeysetPage, Place
from crm.users.acts import ACTS, NOBODY, ActFilter, list_actors, list_acts
from crm.users.audit_log import record_act
from crm.users.models import AuditEntry
from crm.users.roles import Permission
from crm.web.act_words import act_word, as_line
from crm.web.filters import Chip, Choice, Reader, first_moment, moment_after
from crm.web.guards import staff
from crm.web.ids import LARGEST_ID
from crm.web.list_query import ListQuery, make_pager, read_query
from crm.web.page_tools import get_settings, iso, render_staff_page

audit_pages = Blueprint("audit_pages", __name__)

PAGE = 50
EXPORTED_AT_ONCE = 500
COLUMNS = (
    "id", "created_at", "actor_id", "actor", "action", "subject", "before", "after", "reason", "ip", "request_id",
)  # fmt: skip
LABELS = {
    "actor": N_("Who"),
    "action": N_("Act"),
    "subject": N_("On what"),
    "from": N_("From"),
    "to": N_("Until"),
}


@audit_pages.get("")
@staff(Permission.READ_AUDIT)
def show_list() -> ResponseReturnValue:
    """List the acts that the address asks for."""
    query = _read()
    session = current_session()
    page: KeysetPage[AuditEntry] = KeysetPage(rows=(), newer=None, older=None)
    if not query.problems:
        page = list_acts(session, _wanted(query), limit=PAGE, after=query.after, before=query.before)
    actors = {str(actor_id): name for actor_id, name in list_actors(session)}
    shown = render_staff_page(
        "audit_pages/list.html",
        rows=[as_line(entry) for entry in page.rows],
        filters=_choices(query, actors),
        active_filters=_chips(query, actors),
        pager=make_pager(query, page),
        export_href=f"/admin/audit/export{query.href()}",
        problems=query.problems,
    )
    return (shown, 400) if query.problems else shown


@audit_pages.post("/export")
@staff(Permission.READ_AUDIT)
def export() -> ResponseReturnValue:
    """Send what the address asks for as CSV, a piece at a time; that somebody did is an act too."""
    query = _read()
    if query.problems:
        return show_list()
    with transaction() as session:
        record_act(session, "audit.export", "audit log", after={"filter": dict(query.values)})
    name = f"audit-{now().astimezone(get_settings().timezone):%Y-%m-%d}.csv"
    lines = stream_with_context(_lines(_wanted(query)))
    return Response(
        lines,
        content_type="text/csv; charset=utf-8",
        headers={"Content-Disposition": f'attachment; filename="{name}"'},
    )


def _lines(wanted: ActFilter) -> Iterator[str]:
    """Write page after page; between two of them no transaction is open, however slowly they are taken."""
    yield csv_lines([COLUMNS])
    place: Place | None = None
    while True:
        session = current_session()
        page = list_acts(session, wanted, limit=EXPORTED_AT_ONCE, after=place)
        lines = csv_lines(_cells(entry) for entry in page.rows)
        session.rollback()
        yield lines
        if page.older is None:
            return
        place = page.older


def _cells(entry: AuditEntry) -> list[object]:
    values = {column: getattr(entry, column) for column in COLUMNS}
    shown = values | {
        "created_at": iso(entry.created_at),
        "before": _json(entry.before),
        "after": _json(entry.after),
    }
    return [shown[column] for column in COLUMNS]


def _json(values: Mapping[str, Any] | None) -> str:
    return "" if values is None else json.dumps(values, ensure_ascii=False, sort_keys=True)


def _read() -> ListQuery:
    readers: dict[str, Reader] = {
        "actor": _actor,
        "action": _action,
        "subject": _subject,
        "from": first_moment,
        "to": moment_after,
    }
    return read_query({name: (LABELS[name], read) for name, read in readers.items()})


def _wanted(query: ListQuery) -> ActFilter:
    found = query.wanted
    return ActFilter(
        actor_id=found.get("actor"),
        action=found.get("action"),
        subject=found.get("subject"),
        since=found.get("from"),
        until=found.get("to"),
    )


def _actor(text: str) -> int:
    if not (text.isascii() and text.isdigit()) or len(text) > 19 or int(text) > LARGEST_ID:
        raise InvalidInputError(N_("%(given)r is no number of a person."), given=text[:40])
    return int(text)


def _action(text: str) -> str:
    if text not in ACTS:
        raise InvalidInputError(N_("There is no act %(given)r."), given=text[:40])
    return text


def _subject(text: str) -> str:
    if "\0" in text:
        raise InvalidInputError(N_("Take out the zero character; it cannot be stored."))
    return text


def _choices(query: ListQuery, actors: Mapping[str, str]) -> list[Choice]:
    options = {
        "actor": [*actors.items(), (str(NOBODY), _("Commands and API tokens"))],
        "action": [(action, act_word(action)) for action in ACTS],
    }
    return [
        Choice(
            name=name,
            label=_(label),
            value=query.values.get(name, ""),
            options=options.get(name, ()),
            is_text=name == "subject",
        )
        for name, label in LABELS.items()
    ]


def _chips(query: ListQuery, actors: Mapping[str, str]) -> list[Chip]:
    chips = []
    for name, value in query.values.items():
        shown = value
        if name == "actor":
            shown = {**actors, str(NOBODY): _("Commands and API tokens")}.get(value, value)
        elif name == "action":
            shown = act_word(value)
        chips.append(query.chip(name, f"{_(LABELS[name])}: {shown[:40]}"))
    return chips
