"""The list of messages as a file: the whole view, streamed, however long it is."""

from collections.abc import Iterator, Sequence

from flask import Blueprint, Response, request, stream_with_context
from flask.typing import ResponseReturnValue

from crm.core.clock import now
from crm.core.csv_cells import csv_lines
from crm.core.db import current_session, transaction
from crm.core.phone import mask_in_text
from crm.mobiletech.message_log import LogFilter, Position, list_messages
from crm.mobiletech.message_rows import LogRow, read_rows
from crm.users.audit_log import record_act
from crm.users.roles import Permission
from crm.web.guards import staff
from crm.web.message_filters import read_filters
from crm.web.message_list import show_list
from crm.web.message_search import look_up
from crm.web.page_tools import get_settings, iso

message_export = Blueprint("message_export", __name__)

EXPORTED_AT_ONCE = 1000
COLUMNS = (
    "created_at", "kind", "id", "number", "short_number", "state", "reason", "text", "template", "version",
    "billkey", "paid", "operator", "code", "gateway_id",
)  # fmt: skip


@message_export.post("/export")
@staff(Permission.READ)
def export() -> ResponseReturnValue:
    """Send the whole view as CSV, a piece at a time; that somebody did is an act."""
    filters = read_filters(request.args)
    view = look_up(current_session(), filters)
    if view.problems:
        return show_list()
    # What was searched for is told, but for a whole number.
    values = dict(filters.values) | ({"q": mask_in_text(filters.term)} if filters.term else {})
    with transaction() as session:
        record_act(session, "messages.export", "messages", after={"filter": values})
    name = f"messages-{now().astimezone(get_settings().timezone):%Y-%m-%d}.csv"
    return Response(
        stream_with_context(_lines(view.wanted)),
        content_type="text/csv; charset=utf-8",
        headers={"Content-Disposition": f'attachment; filename="{name}"'},
    )


def _lines(wanted: LogFilter) -> Iterator[str]:
    """Write page after page, from the newest of now on down: what comes meanwhile is above the first, and not in it.

    Between two pages no transaction is open, however slowly they are taken.
    """
    yield csv_lines([COLUMNS])
    place: Position | None = None
    while True:
        session = current_session()
        page = list_messages(session, wanted, limit=EXPORTED_AT_ONCE, after=place)
        lines = csv_lines(_cells(row) for row in read_rows(session, page.positions, shown=None))
        session.rollback()
        yield lines
        if page.older is None:
            return
        place = page.older


def _cells(row: LogRow) -> Sequence[object]:
    """Return what the file tells of a message, as programs write it; a code's text is in no file."""
    return (
        iso(row.at), row.kind.name.lower(), row.id, row.number, row.short_number, row.state, row.reason,
        "" if row.is_secret else row.text, row.template_code, row.template_version, row.billkey,
        int(row.paid), row.operator, row.status, row.mobiletech_id,
    )  # fmt: skip
