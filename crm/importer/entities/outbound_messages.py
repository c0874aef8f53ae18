"""Import our messages to readers (MT). The gateway's id is the key; a message that was sent from here stays as it is.

What is here by an import takes what describes it from the file (texts, codes of the wire, times). Whom it went to, on
which key, and which payment it charged is filled in where it is missing and never changed. A status joins those that
were reported, so it never makes a message weaker; it stands in the log of reports as if it had come here, and later
reports are weighed together with it.

Whatever was billed on a paid key has a payment: so one that was given back, and a paid test, are left out together with
their messages, for only successful payments are imported. What failed, or was not heard of, may have none.

Imported charges count against the caps of a number like our own, by day and by month: the reader was charged all the
same, and the law's limit does not ask by which program. Source: behaviour.md 8.4 and 2.1.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

from crm.core.errors import N_
from crm.importer import kinds
from crm.importer.batches import Batch, Outcome
from crm.importer.claims import Key
from crm.importer.columns import EXTERNAL_ID, Column, Entity, Line
from crm.importer.errors import CellError
from crm.importer.faults import Fault
from crm.importer.late_reports import heed_late_reports
from crm.importer.message_charges import find_charged, refuse_unpaid
from crm.importer.message_rules import find_known, refuse_changes, resolve
from crm.importer.message_statuses import PORTED, hold_recent, read_statuses
from crm.importer.message_writing import Change, find_changes, insert_messages, update_messages
from crm.importer.payment_references import find_payments, payment_columns
from crm.importer.people import USER_COLUMNS, find_people


class OutboundRecord(NamedTuple):
    """One row of the file."""

    external_id: str | None
    mobiletech_id: str
    user_external_id: str | None
    user_email: str | None
    user_phone: str | None
    payment_external_id: str | None
    payment_variable_symbol: str | None
    rcv_msg_id: str | None
    template: str
    status: str | None
    billkey: str
    serv_id: str
    project_id: str | None
    from_: str
    to: str
    operator_type: str
    expiration: int
    content_length: int
    content: str
    dcs: str | None
    esm: str | None
    billmsisdn: str | None
    created_at: datetime | None
    sent_at: datetime | None

    @property
    def began_at(self) -> datetime:
        """When the old system made it; `check` has seen to it that one of the two is there."""
        at = self.created_at or self.sent_at
        assert at is not None
        return at


def _status(value: str) -> str:
    return value if value == PORTED else kinds.status_code(value)


def _sender(value: str) -> str:
    number = kinds.address(value)
    if number.startswith("+"):
        raise CellError("number", N_("A message to a reader comes from the short number, such as 8877."))
    return number


COLUMNS = (
    EXTERNAL_ID,
    Column(
        name="mobiletech_id",
        read=kinds.code,
        must=True,
        told=N_("The id that the gateway gave it; no two have the same."),
    ),
    *USER_COLUMNS,
    *payment_columns("", N_("The payment that it charged; none for a message that was free.")),
    Column(
        name="rcv_msg_id",
        read=kinds.code,
        told=N_("The gateway's id of the reader's message that it answered; empty where it answered none."),
    ),
    Column(
        name="template",
        read=kinds.code,
        must=True,
        other_names=("mobiletech_template_code",),
        told=N_("The code of its template."),
    ),
    Column(
        name="status",
        read=_status,
        told=N_("What the gateway reported, such as D1; empty where nothing was heard."),
    ),
    Column(name="billkey", read=kinds.code, must=True, told=N_("The billing key that it was sent on.")),
    Column(name="serv_id", read=kinds.text, must=True, told=N_("The gateway's id of the service.")),
    Column(name="project_id", read=kinds.text, told=N_("The gateway's id of the project.")),
    Column(name="from", read=_sender, must=True, told=N_("The short number that it came from.")),
    Column(name="to", read=kinds.reader_number, must=True, told=N_("The reader's number, as +421908123456.")),
    Column(
        name="operator_type",
        read=kinds.one_of("T", "O", "2", "S"),
        must=True,
        told=N_("The reader's operator: T, O, 2 or S."),
    ),
    Column(
        name="expiration", read=kinds.whole, must=True, told=N_("How long the gateway tried, as it was sent.")
    ),
    Column(name="content_length", read=kinds.whole, must=True, told=N_("How long its text was.")),
    Column(
        name="content",
        read=kinds.message_text,
        as_it_stands=True,
        otherwise="",
        told=N_("The text, as it stands; the old system kept none."),
    ),
    Column(name="dcs", read=kinds.text, told=N_("As the gateway had it.")),
    Column(name="esm", read=kinds.text, told=N_("As the gateway had it.")),
    Column(
        name="billmsisdn", read=kinds.address, told=N_("The number that was billed, if it was another one.")
    ),
    Column(name="created_at", told=N_("When the old system made it; the time of sending if left out.")),
    Column(name="sent_at", told=N_("When the gateway took it; when it was made if left out.")),
)


def check(record: OutboundRecord) -> Sequence[Fault]:
    """Return what is wrong with the row as a whole."""
    if record.created_at is not None or record.sent_at is not None:
        return ()
    told = N_("Say when it was sent: created_at or sent_at.")
    return [Fault(column="created_at", value="", code="missing", message=told)]


def load(batch: Batch, lines: Sequence[Line[OutboundRecord]]) -> None:
    """Write the messages of a batch."""
    hold_recent(batch, lines)
    known = find_known(batch, lines)
    ours = [line for line in lines if line.number not in known.live]
    here = {number: row["user_id"] for number, row in known.imported.items() if row["user_id"]}
    people = here | find_people(batch, ours, must=False)
    payments = find_payments(batch, ours, "", must=False)
    resolved = resolve(batch, ours, people, payments)
    statuses = read_statuses(batch, ours)
    refuse_changes(batch, ours, known.imported, resolved)
    refuse_unpaid(batch, ours, known.imported, resolved, statuses)
    batch.claim(
        lines,
        Key("mobiletech_id", lambda line: line.record.mobiletech_id),
        Key("external_id", lambda line: line.record.external_id),
        Key("payment", find_charged(batch, ours, resolved, statuses), "payment_external_id"),
    )
    fresh: list[Line[OutboundRecord]] = []
    changes: list[Change[OutboundRecord]] = []
    for line in batch.open(lines):
        row = known.live.get(line.number) or known.imported.get(line.number)
        if row is None:
            fresh.append(line)
            batch.settle(line.number, Outcome.INSERTED)
            continue
        changed = find_changes(line, row, resolved.get(line.number), statuses.get(line.number))
        changes.append(Change(line, row["id"], changed))
        batch.settle_here(line.number, changed)
    insert_messages(batch, fresh, resolved, statuses)
    update_messages(batch, changes, statuses)


OUTBOUND_MESSAGES = Entity(
    name="outbound-messages",
    title=N_("Messages to readers"),
    summary=N_("What readers were sent, by the gateway's id, with what was reported of it."),
    columns=COLUMNS,
    record=OutboundRecord,
    check=check,
    load=load,
    look_back=heed_late_reports,
)
