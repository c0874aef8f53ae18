"""Messages as the pages show them: numbers spaced, states in words, parts cut where a phone cuts them."""

from dataclasses import dataclass, replace
from datetime import datetime

from flask_babel import gettext as _

from crm.core.phone import find_slovak_mobile, mask_in_text
from crm.mobiletech.message_log import Kind
from crm.mobiletech.message_rows import LogRow
from crm.mobiletech.models import OutboundMessage
from crm.mobiletech.sending import as_send
from crm.mobiletech.wire.operators import find_operator
from crm.mobiletech.wire.sms_text import Encoding, split_parts
from crm.mobiletech.wire.xml_codec import UnencodableTextError, encode_send
from crm.mobiletech.wishes import Reason
from crm.mobiletech.words import (
    CONFLICT,
    INBOUND_WORDS,
    REASON_WORDS,
    InboundState,
    MessageState,
    Word,
    word_of,
)
from crm.web.languages import get_language, told
from crm.web.retelling import retell
from crm.web.status_words import explain_code

SLOVAK = "sk"  # what an SMS is written in, unless it says another language


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One line of a list. `is_event` is False for what was not made."""

    href: str
    direction: str
    at: datetime
    number: str
    text: str
    template_code: str | None
    billkey: str | None
    operator: str | None
    state: Word
    reason: str | None
    is_event: bool
    language: str


def as_row(row: LogRow) -> Row:
    """Return the line."""
    was_lost = row.kind is Kind.OUTBOUND and not row.text  # the system that it was imported from kept none
    is_ours = row.kind is Kind.NOT_SENT or row.is_secret or was_lost  # words of the product, not of an SMS
    return Row(
        href=_href(row),
        direction="in" if row.kind is Kind.INBOUND else "out",
        at=row.at,
        number=spaced(row.number) if row.number else _("No number"),
        text=_("The text was not kept") if was_lost else retell(row.text) if is_ours else row.text,
        template_code=row.template_code,
        billkey=row.billkey,
        operator=operator_label(row.operator),
        state=_word(row),
        reason=_reason(row),
        is_event=row.kind is not Kind.NOT_SENT,
        language=get_language() if is_ours else row.language or SLOVAK,
    )


def spaced(number: str) -> str:
    """Return a number as people write it: 0905 123 456; what is no Slovak mobile number stays."""
    local = find_slovak_mobile(number)
    return f"{local[:4]} {local[4:7]} {local[7:]}" if local else number


def unbroken(shown: str) -> str:
    """Return a number for a heading, where it stands on one line."""
    return shown.replace(" ", "\u00a0")


def operator_label(letter: str | None) -> str | None:
    """Return the operator's name."""
    operator = find_operator(letter) if letter else None
    return operator.label if operator else None


def segments(text: str, encoding: str, parts: int) -> list[str]:
    """Return the text cut where its parts end."""
    return [text] if parts <= 1 else split_parts(text, Encoding(encoding))


def reason_words(reason: str) -> str:
    """Return why an SMS was not made; a reason that this version does not know is its code."""
    return _(REASON_WORDS[Reason(reason)]) if reason in set(Reason) else reason


def shown_xml(body: bytes | None) -> str:
    """Return a body for people: numbers masked, because such a page ends up in a ticket."""
    return mask_in_text(body.decode("utf-8", "replace")) if body else _("Not kept.")


def outbound_xml(message: OutboundMessage) -> str:
    """Return what goes to the gateway, masked, and without the text of a secret one."""
    send = as_send(message)
    try:
        return shown_xml(encode_send(replace(send, content="***") if message.is_secret else send))
    except UnencodableTextError as error:
        return told(error)


def _href(row: LogRow) -> str:
    """Return the page of a row; what was not made is told beside the SMS that it would have answered."""
    if row.kind is Kind.OUTBOUND:
        return f"/admin/messages/outbound/{row.id}"
    if row.kind is Kind.NOT_SENT and row.inbound_id is None:
        return f"/admin/messages/not-sent/{row.id}"
    return f"/admin/messages/inbound/{row.id if row.kind is Kind.INBOUND else row.inbound_id}"


def _word(row: LogRow) -> Word:
    if isinstance(row.state, InboundState):
        return INBOUND_WORDS[row.state]
    return word_of(row.state, paid=row.paid)


def _reason(row: LogRow) -> str | None:
    if row.kind is not Kind.OUTBOUND:
        return reason_words(row.reason) if row.reason else None
    if row.conflict:
        return _(CONFLICT)
    if row.state is MessageState.FAILED and row.status:
        return f"{row.status}: {explain_code(row.status, row.operator).meaning}"
    return retell(row.reason or "") or None
