"""What the gateway's status codes mean for delivery and for money: one table and one fold.

Source: behaviour of the original, 2.1, with its defects B31 and B32 mended: the operator is always
asked (O2 writes D0 for "delivered"), and there is one mapping for every use.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType

from crm.mobiletech.wire.operators import Operator

_CODE = re.compile(r"([AD])([0-9]{1,5})")
_OPERATOR_CHANGE = "_OPERATOR_CHANGE"
_LAST_BILLING_ERROR = 1023


class DeliveryStatus(StrEnum):
    """What one code says about a message, the weakest first."""

    UNKNOWN = "unknown"
    OPERATOR_CHANGED = "operator_changed"
    NOT_DELIVERED = "not_delivered"
    ERROR = "error"
    BILLED = "billed"
    DELIVERED = "delivered"


class Billing(StrEnum):
    """What all codes of a message say about the money, the weakest first; it only ever grows."""

    NONE = "none"
    FAILED = "failed"
    BILLED = "billed"


# A ported number says nothing about money: the message may be sent once more.
_BILLING: Mapping[DeliveryStatus, Billing] = MappingProxyType(
    {
        DeliveryStatus.UNKNOWN: Billing.NONE,
        DeliveryStatus.OPERATOR_CHANGED: Billing.NONE,
        DeliveryStatus.NOT_DELIVERED: Billing.FAILED,
        DeliveryStatus.ERROR: Billing.FAILED,
        DeliveryStatus.BILLED: Billing.BILLED,
        DeliveryStatus.DELIVERED: Billing.BILLED,
    }
)
_STRENGTH = {status: strength for strength, status in enumerate(DeliveryStatus)}


@dataclass(frozen=True, kw_only=True, slots=True)
class Folded:
    """Everything the gateway has said about one message, as one state.

    Shape: `strongest_code` and `status` are None when there is no code yet. `conflict` means that it
    was billed and that billing failed, both at once: a person has to look.
    """

    billing: Billing
    strongest_code: str | None
    status: DeliveryStatus | None
    conflict: bool


def classify(code: str | None, operator: str | None) -> DeliveryStatus:
    """Say what one code means on one operator; anything that is no code of the gateway is unknown."""
    if code == _OPERATOR_CHANGE:
        return DeliveryStatus.OPERATOR_CHANGED
    match = _CODE.fullmatch(code or "")
    if match is None:
        return DeliveryStatus.UNKNOWN
    number = int(match[2])
    return _classify_billing(number) if match[1] == "A" else _classify_delivery(number, operator)


def billing_of(status: DeliveryStatus) -> Billing:
    """Say what a status means for the money; delivery is proof of billing, as in the original."""
    return _BILLING[status]


def fold(codes: Iterable[str], operator: str | None) -> Folded:
    """Make one state of every code a message ever got.

    It depends on the set of codes alone, so order, repeats and late arrival change nothing, and a
    further code never makes the billing weaker.
    """
    statuses = {code: classify(code, operator) for code in codes}
    if not statuses:
        return Folded(billing=Billing.NONE, strongest_code=None, status=None, conflict=False)
    # Equal strength: the alphabet decides, so a billing code (A) is shown before a delivery code (D).
    strongest = min(statuses, key=lambda code: (-_STRENGTH[statuses[code]], code))
    billing = billing_of(statuses[strongest])
    refused = any(code.startswith("A") and billing_of(statuses[code]) is Billing.FAILED for code in statuses)
    return Folded(
        billing=billing,
        strongest_code=strongest,
        status=statuses[strongest],
        conflict=refused and billing is Billing.BILLED,
    )


def _classify_billing(number: int) -> DeliveryStatus:
    if number == 0:
        return DeliveryStatus.BILLED
    return DeliveryStatus.ERROR if number <= _LAST_BILLING_ERROR else DeliveryStatus.NOT_DELIVERED


def _classify_delivery(number: int, operator: str | None) -> DeliveryStatus:
    if number == 1 or (number == 0 and operator == Operator.O2):
        return DeliveryStatus.DELIVERED
    return DeliveryStatus.NOT_DELIVERED if number == 0 else DeliveryStatus.ERROR
