"""Import readers' messages (MO). The gateway's id is the key; a message that came live stays as it came.

Source: behaviour.md 8.3.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import delete, select, update
from sqlalchemy.exc import IntegrityError

from crm.core.copying import among, copy_rows
from crm.core.errors import N_
from crm.importer import kinds
from crm.importer.batches import Batch, Outcome, differing
from crm.importer.claims import Key
from crm.importer.columns import EXTERNAL_ID, Column, Entity, Line
from crm.importer.findable import keep_findable
from crm.importer.people import USER_COLUMNS, find_people
from crm.mobiletech.message_log import Kind
from crm.mobiletech.models import InboundMessage
from crm.mobiletech.search.housekeeping import KEPT
from crm.mobiletech.search.models import MessageWords

TABLE = "mobiletech_inbound_messages"
FOUND_BY = frozenset({"from", "content", "created_at"})
Row = Mapping[str, Any]


class InboundRecord(NamedTuple):
    """One row of the file."""

    mobiletech_id: str
    external_id: str | None
    user_external_id: str | None
    user_email: str | None
    user_phone: str | None
    from_: str
    to: str
    content: str
    receive_date: datetime
    serv_id: str
    project_id: str
    content_coding: str
    dcs: str
    esm: str
    operator_type: str
    created_at: datetime | None


COLUMNS = (
    Column(
        name="mobiletech_id",
        read=kinds.code,
        must=True,
        told=N_("The gateway's id of the message; no two have the same."),
    ),
    EXTERNAL_ID,
    *USER_COLUMNS,
    Column(name="from", read=kinds.reader_number, must=True, told=N_("Who wrote, as +421908123456.")),
    Column(name="to", read=kinds.address, must=True, told=N_("The short number that was written to.")),
    Column(
        name="content",
        read=kinds.message_text,
        must=True,
        may_be_empty=True,
        as_it_stands=True,
        otherwise="",
        told=N_("The text, as it stands."),
    ),
    Column(name="receive_date", must=True, told=N_("When the gateway had it.")),
    Column(name="serv_id", read=kinds.text, must=True, told=N_("The gateway's id of the service.")),
    Column(name="project_id", read=kinds.text, otherwise="", told=N_("The gateway's id of the project.")),
    Column(
        name="content_coding", read=kinds.text, otherwise="", told=N_("As the gateway had it; mostly empty.")
    ),
    Column(name="dcs", read=kinds.text, otherwise="", told=N_("As the gateway had it.")),
    Column(name="esm", read=kinds.text, otherwise="", told=N_("As the gateway had it.")),
    Column(
        name="operator_type",
        read=kinds.one_of("T", "O", "2", "S"),
        must=True,
        told=N_("The reader's operator: T, O, 2 or S."),
    ),
    Column(name="created_at", told=N_("When the old system stored it; the time of receiving if left out.")),
)


def load(batch: Batch, lines: Sequence[Line[InboundRecord]]) -> None:
    """Write the messages of a batch."""
    people = find_people(batch, lines, must=False)
    _refuse_future(batch, lines)
    if not _insert_all(batch, batch.open(lines), people):
        _load_each(batch, lines, people)


def _refuse_future(batch: Batch, lines: Sequence[Line[InboundRecord]]) -> None:
    """Refuse what is yet to come: a STOP sent today would seem to be older than it, and would stop nothing."""
    now = batch.context.now
    told = N_("This is yet to come: it was not received.")
    for line in lines:
        record = line.record
        if record.receive_date > now:
            batch.refuse(line.number, "receive_date", "in_future", told, value=record.receive_date)
        if record.created_at is not None and record.created_at > now:
            batch.refuse(line.number, "created_at", "in_future", told, value=record.created_at)


def _insert_all(batch: Batch, lines: Sequence[Line[InboundRecord]], people: Mapping[int, int]) -> bool:
    """Write all lines as new ones, if that can be; return whether it could."""
    records = [line.record for line in lines]
    ids = [each.mobiletech_id for each in records], [each.external_id for each in records]
    if not batch.may_be_all_new(*ids):
        return False
    try:
        with batch.session.begin_nested():
            _insert(batch, lines, people)
    except IntegrityError:  # one is here already: from now on all are looked up
        batch.memory.all_are_new = False
        return False
    batch.outcomes |= dict.fromkeys([line.number for line in lines], Outcome.INSERTED)
    return True


def _load_each(batch: Batch, lines: Sequence[Line[InboundRecord]], people: Mapping[int, int]) -> None:
    known = _read_known(batch, lines)
    _refuse_taken_ids(batch, lines, known)

    def row(line: Line[InboundRecord]) -> str:
        return repr(_values(line.record, people.get(line.number)))

    def is_fresh(line: Line[InboundRecord]) -> bool:
        return line.record.mobiletech_id not in known

    batch.claim(
        lines,
        Key("mobiletech_id", lambda line: line.record.mobiletech_id),
        Key("external_id", lambda line: line.record.external_id),
        row=row,
        is_row=is_fresh,
    )
    fresh: list[Line[InboundRecord]] = []
    changes: list[tuple[Row, dict[str, Any]]] = []
    for line in batch.open(lines):
        stored = known.get(line.record.mobiletech_id)
        if stored is None:
            fresh.append(line)
            batch.settle(line.number, Outcome.INSERTED)
        else:
            changes.append((stored, _settle_here(batch, line, stored, people.get(line.number))))
    _update(batch, [(stored, changed) for stored, changed in changes if changed])
    _insert(batch, fresh, people)


def _read_known(batch: Batch, lines: Sequence[Line[InboundRecord]]) -> Mapping[str, Mapping[str, Any]]:
    wanted = {line.record.mobiletech_id for line in batch.open(lines)}
    found = select(*InboundMessage.__table__.columns).where(among(InboundMessage.mobiletech_id, wanted))
    return {row["mobiletech_id"]: dict(row) for row in batch.session.execute(found).mappings()}


def _refuse_taken_ids(
    batch: Batch, lines: Sequence[Line[InboundRecord]], known: Mapping[str, Mapping[str, Any]]
) -> None:
    wanted = {line.record.external_id for line in lines if line.record.external_id}
    if not wanted:
        return
    _refuse_exchanged_ids(batch, lines, known)
    found = select(InboundMessage.external_id, InboundMessage.mobiletech_id, InboundMessage.import_id)
    rows = batch.session.execute(found.where(among(InboundMessage.external_id, wanted)))
    holders = {row.external_id: row for row in rows}
    for line in batch.open(lines):
        holder, record = holders.get(line.record.external_id), line.record
        if holder is None or holder.mobiletech_id == record.mobiletech_id:
            continue
        if batch.is_of_this_file(holder.import_id):
            batch.refuse_double(line.number, "external_id", record.external_id)
        else:
            told = N_("The message %(other)s has this id of the old system already.")
            other = holder.mobiletech_id
            batch.refuse(line.number, "external_id", "taken", told, value=record.external_id, other=other)


def _refuse_exchanged_ids(
    batch: Batch, lines: Sequence[Line[InboundRecord]], known: Mapping[str, Mapping[str, Any]]
) -> None:
    """One message has one id: an id that a file set free would be another line's the next time."""
    for line in batch.open(lines):
        row, wanted = known.get(line.record.mobiletech_id), line.record.external_id
        if wanted is None or row is None or row["external_id"] in (None, wanted):
            continue
        if batch.is_of_this_file(row["import_id"]):
            batch.refuse_double(line.number, "mobiletech_id", line.record.mobiletech_id)
        else:
            told = N_("It has another id of the old system already: %(other)s.")
            other = row["external_id"]
            batch.refuse(line.number, "external_id", "taken", told, value=wanted, other=other)


def _settle_here(batch: Batch, line: Line[InboundRecord], row: Row, user_id: int | None) -> dict[str, Any]:
    """Settle a message that is there, and return what it takes from the file, by column.

    One that came live is as the gateway sent it.
    """
    wanted = dict(zip(STORED, _values(line.record, user_id), strict=True))
    if batch.is_of_this_file(row["import_id"]):
        _compare_with_earlier(batch, line, differing(row, wanted))
        return {}
    if row["raw"] is not None:
        wanted = {name: wanted[name] for name in ("external_id", "user_id") if row[name] is None}
    given = {name: value for name, value in wanted.items() if _is_said(line.record, row, name, value)}
    changes = differing(row, given)
    batch.settle_here(line.number, changes)
    return changes


def _update(batch: Batch, changes: Sequence[tuple[Row, Mapping[str, Any]]]) -> None:
    """Bring messages that are there to what the file says."""
    if changes:
        written = [{"id": row["id"], **_as_attributes(changed)} for row, changed in changes]
        batch.session.execute(update(InboundMessage), written)
    _find_anew(batch, [(row, changed) for row, changed in changes if changed.keys() & FOUND_BY])


def _as_attributes(changed: Mapping[str, Any]) -> dict[str, Any]:
    return {"from_" if name == "from" else name: value for name, value in changed.items()}


def _compare_with_earlier(batch: Batch, line: Line[InboundRecord], changes: Mapping[str, Any]) -> None:
    """Let a line of this file be the same as an earlier one as a whole: an empty cell is another value here."""
    if changes:
        batch.refuse_double(line.number, "mobiletech_id", line.record.mobiletech_id)
    else:
        batch.settle(line.number, Outcome.UNCHANGED)


def _find_anew(batch: Batch, changes: Sequence[tuple[Row, Mapping[str, Any]]]) -> None:
    """Let messages be found by what they say now."""
    if not changes:
        return
    ids = [row["id"] for row, _ in changes]
    batch.session.execute(
        delete(MessageWords).where(MessageWords.kind == Kind.INBOUND, among(MessageWords.message_id, ids))
    )
    since = batch.context.now - KEPT
    recent = [
        row["mobiletech_id"]
        for row, changed in changes
        if changed.get("created_at", row["created_at"]) > since
    ]
    numbers = {changed.get("from", row["from"]) for row, changed in changes}
    keep_findable(batch, numbers=numbers, inbound=recent)


def _is_said(record: InboundRecord, row: Mapping[str, Any], name: str, value: Any) -> bool:
    """Return whether the file says something of a column: an empty cell does not."""
    if name == "created_at":  # it follows the date of receiving where nobody ever said another
        return record.created_at is not None or row["created_at"] == row["receive_date"]
    return value not in (None, "")


# As the rows are stored; the file decides of all of them.
STORED = (
    *("mobiletech_id", "external_id", "user_id", "from", "to", "content", "receive_date", "serv_id"),
    *("project_id", "content_coding", "dcs", "esm", "operator_type", "created_at"),
)


def _values(record: InboundRecord, user_id: int | None) -> tuple[Any, ...]:
    """Return what is stored, in the order of STORED."""
    return (
        record.mobiletech_id, record.external_id, user_id, record.from_, record.to, record.content,
        record.receive_date, record.serv_id, record.project_id, record.content_coding, record.dcs, record.esm,
        record.operator_type, record.created_at or record.receive_date,
    )  # fmt: skip


def _insert(batch: Batch, lines: Sequence[Line[InboundRecord]], people: Mapping[int, int]) -> None:
    if not lines:
        return
    more = ("", batch.context.now, batch.context.import_id)
    rows = (_values(line.record, people.get(line.number)) + more for line in lines)
    copy_rows(batch.session, TABLE, (*STORED, "receive_date_raw", "updated_at", "import_id"), rows)
    since = batch.context.now - KEPT
    records = [line.record for line in lines]
    recent = [each.mobiletech_id for each in records if (each.created_at or each.receive_date) > since]
    keep_findable(batch, numbers={each.from_ for each in records}, inbound=recent)


INBOUND_MESSAGES = Entity(
    name="inbound-messages",
    title=N_("Messages from readers"),
    summary=N_("What readers wrote, by the gateway's id."),
    columns=COLUMNS,
    record=InboundRecord,
    load=load,
)
