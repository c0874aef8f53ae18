"""A renewal in a file: its columns, and what a row alone can tell. Source: behaviour.md 3.11, 7.6 and 8.7."""

from collections.abc import Iterator, Sequence
from datetime import datetime
from decimal import Decimal
from functools import partial
from typing import NamedTuple

from crm.core.errors import N_
from crm.importer import kinds
from crm.importer.columns import EXTERNAL_ID, Column
from crm.importer.errors import CellError
from crm.importer.faults import Fault
from crm.importer.payment_references import payment_columns
from crm.importer.people import USER_COLUMNS
from crm.payments.statuses import STOPS, RecurrentState

GATEWAY = "mobiletech_recurrent"
TAKEN_STATES = (RecurrentState.ACTIVE, RecurrentState.CHARGED, *STOPS)
MOST_RETRIES = 100


class RenewalRecord(NamedTuple):
    """One row of the file."""

    cid: str
    external_id: str | None
    user_external_id: str | None
    user_email: str | None
    user_phone: str | None
    payment_gateway: str
    parent_payment_external_id: str | None
    parent_payment_variable_symbol: str | None
    payment_external_id: str | None
    payment_variable_symbol: str | None
    subscription_type: str
    next_subscription_type: str | None
    charge_at: datetime
    expires_at: datetime | None
    retries: int | None
    custom_amount: Decimal | None
    state: str
    status: str | None
    approval: str | None
    note: str | None
    created_at: datetime | None
    updated_at: datetime | None


def _state(value: str) -> str:
    if value == RecurrentState.PENDING:
        told = N_("It is on its way in the old system: wait there until it is charged or has failed.")
        raise CellError("pending", told)
    if value == RecurrentState.CHARGE_FAILED:
        told = N_("Leave out tries that failed: import the row that tries again, or that was stopped.")
        raise CellError("charge_failed", told)
    return str(kinds.one_of(*TAKEN_STATES)(value))


def _gateway(value: str) -> str:
    if value != GATEWAY:
        raise CellError("gateway", N_("Only renewals by SMS are imported: mobiletech_recurrent."))
    return value


COLUMNS = (
    Column(
        name="cid",
        read=kinds.code,
        must=True,
        told=N_("The gateway's id of the message by which it began; that message is here already."),
    ),
    EXTERNAL_ID,
    *USER_COLUMNS,
    Column(
        name="payment_gateway",
        read=_gateway,
        otherwise=GATEWAY,
        told=N_("mobiletech_recurrent; that is meant if left out."),
    ),
    *payment_columns(
        "parent_", N_("The paid payment that it follows; the reader's last one by SMS if left out.")
    ),
    *payment_columns("", N_("Of a charged one: the payment by which it was charged.")),
    Column(
        name="subscription_type", read=kinds.code, must=True, told=N_("What it renews, by the type's code.")
    ),
    Column(
        name="next_subscription_type",
        read=kinds.code,
        told=N_("What is charged instead from now on, by its code."),
    ),
    Column(name="charge_at", must=True, told=N_("When it is charged next, or was charged.")),
    Column(
        name="expires_at",
        other_names=("expires",),
        told=N_("When it was to expire in the old system: kept, and not looked at."),
    ),
    Column(
        name="retries",
        read=partial(kinds.whole, most=MOST_RETRIES),
        told=N_(
            "How often a failed charge is tried again: as often as the settings say if left out, and never more often."
        ),
    ),
    Column(
        name="custom_amount",
        read=kinds.amount,
        told=N_("What this reader pays, if not the price of the type."),
    ),
    Column(
        name="state",
        read=_state,
        must=True,
        told=N_("active, charged, user_stop, admin_stop or system_stop."),
    ),
    Column(
        name="status", read=kinds.text, told=N_("The gateway's code of the charge; empty for an active one.")
    ),
    Column(name="approval", read=kinds.text, told=N_("What it means; empty for an active one.")),
    Column(name="note", read=kinds.note, told=N_("A remark for staff.")),
    Column(name="created_at", told=N_("When it was planned; when its payment before was paid if left out.")),
    Column(name="updated_at", told=N_("When it was stopped.")),
)


def check(record: RenewalRecord) -> Sequence[Fault]:
    """Return what is wrong with a row as a whole."""
    return list(_faults(record))


def _faults(record: RenewalRecord) -> Iterator[Fault]:
    """An active row that was tried, or has a payment, is on its way in the old system: it may be charged there."""
    payment = record.payment_external_id or record.payment_variable_symbol
    if record.state == RecurrentState.ACTIVE:
        told = N_("An active renewal was not tried yet, so this is empty; settle it in the old system first.")
        tried = {"status": record.status, "approval": record.approval, "payment_external_id": payment}
        for column, value in tried.items():
            if value:
                yield Fault(column=column, value=value, code="not_selectable", message=told)


def is_open(record: RenewalRecord) -> bool:
    """Return whether the file says that it is to be charged."""
    return record.state == RecurrentState.ACTIVE


def names_parent(record: RenewalRecord) -> bool:
    """Return whether the file says which payment it follows."""
    return bool(record.parent_payment_external_id or record.parent_payment_variable_symbol)
