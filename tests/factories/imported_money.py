"""Files of a publisher who moves in, small enough to see what each row does, and imports of them."""

import csv
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from io import StringIO
from typing import Any

from crm.core.db import transaction
from crm.mobiletech.sms_templates import create_template
from tests.factories.imports import counts_of, faults_by_line, import_text
from tests.factories.money import NUMBER, make_billkey, make_inbound, make_reader, make_type, set_up_sale

Row = dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Imported:
    """What became of a file: inserted, updated, unchanged, refused; and the columns and codes of each refused line."""

    counts: tuple[int, int, int, int]
    refused: Mapping[int, Sequence[tuple[str, str]]]
    error: str | None


def import_rows(
    entity: str, rows: Sequence[Row], *, is_dry: bool = False, batch_rows: int = 5000
) -> Imported:
    """Import rows as a CSV file that has all their columns; the first row is in line 2."""
    run = import_text(entity, as_csv(rows), dry=is_dry, batch_rows=batch_rows)
    refused = {
        line: [(fault.column, fault.code) for fault in faults] for line, faults in faults_by_line(run).items()
    }
    return Imported(counts=counts_of(run), refused=refused, error=run.error)


def set_up_moving_in() -> int:
    """List what the rows below name: a type of 4.99 on AA99, texts, a free key, and a reader who wrote; their id."""
    set_up_sale()
    make_type()
    make_billkey("OLD00", "0", kind="free")
    with transaction() as session:
        create_template(session, "thanks", "Dakujeme", purpose="service")
    return make_subscriber()


def make_subscriber(number: str = NUMBER, cid: str = "old-in-1") -> int:
    """Let a reader have written in the old system, and return their id."""
    user_id = make_reader(number)
    make_inbound(number, user_id=user_id, mobiletech_id=cid)
    return user_id


def payment_row(number: int = 1, **overrides: Any) -> Row:
    """Return a payment of the reader of `set_up_moving_in`."""
    return {
        "external_id": 9000 + number,
        "variable_symbol": f"42{number:08}",
        "user_phone": NUMBER,
        "amount": "4.99",
        "status": "paid",
        "payment_gateway": "mobiletech_recurrent",
        "subscription_type": "month",
        "subscription_start_at": "2025-09-01 08:00:20",
        "subscription_end_at": "2025-10-01 08:00:20",
        "paid_at": "2025-09-01 08:00:20",
        "created_at": "2025-09-01 08:00:05",
        "cid": "old-in-1",
        "billkey": "AA99",
        "template": "renewal",
        "template_params": "{}",
    } | overrides


def message_row(number: int = 1, **overrides: Any) -> Row:
    """Return the message that charged the payment of the same number."""
    return {
        "external_id": 7000 + number,
        "mobiletech_id": f"old-out-{number}",
        "user_phone": NUMBER,
        "payment_external_id": 9000 + number,
        "rcv_msg_id": "old-in-1",
        "template": "renewal",
        "status": "D1",
        "billkey": "AA99",
        "serv_id": "1703",
        "project_id": "76",
        "from": "8877",
        "to": "+421908630549",
        "operator_type": "O",
        "expiration": 100,
        "content_length": 97,
        "dcs": "0",
        "esm": "0",
        "created_at": "2025-09-01 08:00:05",
    } | overrides


def free_row(number: int = 1, **overrides: Any) -> Row:
    """Return a message that charged nobody."""
    return message_row(number, payment_external_id="", billkey="OLD00", template="thanks", **overrides)


def as_csv(rows: Sequence[Row]) -> str:
    columns = list(dict.fromkeys(column for row in rows for column in row))
    written = StringIO()
    writer = csv.DictWriter(written, columns, restval="")
    writer.writeheader()
    writer.writerows(rows)
    return written.getvalue()
