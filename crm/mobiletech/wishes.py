"""What somebody wants sent, and the reasons why it may not be."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from crm.mobiletech.models import InboundMessage
from crm.mobiletech.outbound import OutboundPurpose


class Reason(StrEnum):
    """Why a message was not made."""

    NO_TEMPLATE = "no_template"
    NO_RECIPIENT = "no_recipient"
    BAD_RECIPIENT = "bad_recipient"
    NO_BILLKEY = "no_billkey"
    BILLKEY_NOT_VALID = "billkey_not_valid"
    BILLKEY_OTHER_OPERATOR = "billkey_other_operator"
    BILLKEY_OTHER_NUMBER = "billkey_other_number"
    PAID_WITHOUT_PAYMENT = "paid_without_payment"
    NO_SERV_ID = "no_serv_id"
    NO_SENDER = "no_sender"
    UNKNOWN_OPERATOR = "unknown_operator"
    MISSING_PARAMETER = "missing_parameter"
    BROKEN_TEMPLATE = "broken_template"
    EMPTY_TEXT = "empty_text"
    TOO_LONG_FOR_PAID = "too_long_for_paid"
    DUPLICATE = "duplicate"
    OTHER_HANDLER_FAILED = "other_handler_failed"
    LOOP_GUARD = "loop_guard"
    ORDER_REFUSED = "order_refused"


@dataclass(frozen=True, slots=True)
class Envelope:
    """Where a message goes and on whose account; what is empty comes from the inbound, then from settings."""

    inbound: InboundMessage | None = None
    billkey: str | None = None
    serv_id: str | None = None
    from_: str | None = None
    to: str | None = None


@dataclass(frozen=True, slots=True)
class Wish:
    """One SMS that somebody wants sent. `key` names the cause: a second wish with it gets the first one's message.

    A person's own words stand in `content`; there is no template then, and nothing to fill in.
    """

    envelope: Envelope
    user_id: int | None
    template_code: str | None
    params: Mapping[str, object] = field(default_factory=dict)
    purpose: OutboundPurpose = OutboundPurpose.SERVICE
    key: str | None = None
    context: str | None = None
    payment_id: int | None = None
    charges_for: str | None = None  # what is charged once only, such as a period of a renewal
    content: str | None = None
    language: str | None = None  # of the text; None: that of the receiver
    is_secret: bool = False  # the text is a code: blanked once it is sent
