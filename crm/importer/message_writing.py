"""Write imported messages to readers as if they had been sent and reported about long ago; nothing goes out."""

from collections.abc import Mapping, Sequence
from typing import Any, Generic, NamedTuple, Protocol, TypeVar

from sqlalchemy import update

from crm.core.copying import copy_rows
from crm.importer.batches import Batch, differing
from crm.importer.columns import Line
from crm.importer.findable import keep_findable
from crm.importer.message_rules import Resolved, SentRecord
from crm.importer.message_statuses import Told, strongest, write_statuses
from crm.mobiletech.models import OutboundMessage
from crm.mobiletech.outbound import OutboundPurpose, OutboundState
from crm.mobiletech.search.housekeeping import KEPT
from crm.mobiletech.wire.sms_text import Encoding, measure
from crm.sms_billing.figures.keeping import forget_days

TABLE = "mobiletech_outbound_messages"
COLUMNS = (
    "external_id", "mobiletech_id", "user_id", "payment_id", "mobiletech_template_id", "status", "billing",
    "conflict", "state", "purpose", "paid", "serv_id", "project_id", "rcv_msg_id", "from", "to", "billmsisdn",
    "billkey", "content", "content_length", "encoding", "parts", "dcs", "esm", "expiration", "operator_type",
    "sent_at", "import_id", "created_at", "updated_at",
)  # fmt: skip
# What may follow the file: it says how a message was sent, and nothing counts on it.
DESCRIBES = ("serv_id", "project_id", "billmsisdn", "dcs", "esm", "expiration", "sent_at")

COUNTED = {"billing", "payment_id"}  # what the figures of a day are made of, of all that may change


class WrittenRecord(SentRecord, Protocol):
    """A record with all that is stored of a message."""

    @property
    def serv_id(self) -> str: ...
    @property
    def project_id(self) -> str | None: ...
    @property
    def billmsisdn(self) -> str | None: ...
    @property
    def content(self) -> str: ...
    @property
    def content_length(self) -> int: ...
    @property
    def dcs(self) -> str | None: ...
    @property
    def esm(self) -> str | None: ...
    @property
    def expiration(self) -> int: ...


W = TypeVar("W", bound=WrittenRecord)


class Change(NamedTuple, Generic[W]):
    """What a message that is here takes from a line."""

    line: Line[W]
    message_id: int
    values: dict[str, Any]


def insert_messages(
    batch: Batch, lines: Sequence[Line[W]], resolved: Mapping[int, Resolved], statuses: Mapping[int, Told]
) -> None:
    """Write messages that are not here yet, the earliest first: of one number the last is the newest."""
    if not lines:
        return
    ordered = sorted(lines, key=lambda line: line.record.began_at)
    rows = (_stored(batch, line.record, resolved[line.number], statuses[line.number]) for line in ordered)
    copy_rows(batch.session, TABLE, COLUMNS, rows)
    write_statuses(batch, ((line.record, statuses[line.number]) for line in ordered))
    _keep_findable(batch, [line.record for line in ordered])
    forget_days(batch.session, ordered[0].record.began_at)


def find_changes(
    line: Line[W], row: Mapping[str, Any], named: Resolved | None, told: Told | None
) -> dict[str, Any]:
    """Return what a message that is here takes from the file; one that was sent from here only its old id.

    An empty cell says nothing, as a missing one: what is here stays.
    """
    record = line.record
    filled: dict[str, Any] = {"external_id": record.external_id}
    wanted: dict[str, Any] = {}
    if named is not None and told is not None:
        wanted = {name: getattr(record, name) for name in DESCRIBES if getattr(record, name) is not None}
        wanted |= {"mobiletech_template_id": named.template_id, **strongest(row, told)}
        if record.content and not row["content"]:
            wanted |= _text(record)
        filled |= {"user_id": named.user_id, "rcv_msg_id": record.rcv_msg_id}
        filled["payment_id"] = named.payment and named.payment["id"]
    wanted |= {name: value for name, value in filled.items() if row[name] is None and value is not None}
    return differing(row, wanted)


def update_messages(batch: Batch, changes: Sequence[Change[W]], statuses: Mapping[int, Told]) -> None:
    """Write what messages that are here take from the file; the log of those sent from here is their own."""
    written = [{"id": change.message_id, **change.values} for change in changes if change.values]
    if written:
        batch.session.execute(update(OutboundMessage), written)
    write_statuses(
        batch,
        ((each.line.record, statuses[each.line.number]) for each in changes if each.line.number in statuses),
    )
    _keep_findable(batch, [each.line.record for each in changes if "content" in each.values])
    counted = [each.line.record.began_at for each in changes if not COUNTED.isdisjoint(each.values)]
    if counted:
        forget_days(batch.session, min(counted))


def _stored(batch: Batch, record: WrittenRecord, named: Resolved, told: Told) -> tuple[object, ...]:
    words = _text(record)
    purpose = OutboundPurpose.PAID if named.is_paid else OutboundPurpose.SERVICE
    return (
        record.external_id, record.mobiletech_id, named.user_id, named.payment and named.payment["id"],
        named.template_id, told.status, str(told.billing), told.conflict, str(OutboundState.ACCEPTED), str(purpose),
        named.is_paid, record.serv_id, record.project_id, record.rcv_msg_id, record.from_, record.to,
        record.billmsisdn, record.billkey, words["content"], words["content_length"], words["encoding"],
        words["parts"], record.dcs, record.esm, record.expiration, record.operator_type,
        record.sent_at or record.began_at, batch.context.import_id, record.began_at, batch.context.now,
    )  # fmt: skip


def _keep_findable(batch: Batch, records: Sequence[WrittenRecord]) -> None:
    since = batch.context.now - KEPT
    written = [each.mobiletech_id for each in records if each.content and each.began_at > since]
    keep_findable(batch, numbers={each.to for each in records}, outbound=written)


def _text(record: WrittenRecord) -> dict[str, Any]:
    """Return the columns of the text; of one that was not kept only its length is known."""
    if not record.content:
        return {
            "content": "",
            "content_length": record.content_length,
            "encoding": str(Encoding.GSM7),
            "parts": 1,
        }
    measured = measure(record.content, fold=False)
    return {
        "content": record.content,
        "content_length": len(record.content),
        "encoding": str(measured.encoding),
        "parts": measured.parts,
    }
