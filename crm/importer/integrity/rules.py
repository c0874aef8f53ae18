"""The rules R1 to R12 as a table: what each means, and how to mend what breaks it. Source: behaviour.md 8.8."""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass

from sqlalchemy.orm import Session

from crm.core.errors import N_
from crm.importer.integrity import questions as q
from crm.importer.integrity.questions import Part
from crm.importer.integrity.texts import find_bad_texts

# What a rule asks of all renewals (None) or of some, where Python has to look at the texts first.
FindPart = Callable[[Session, Collection[int] | None], Part | None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """What must hold, and the questions for what breaks it; what breaks one of renewals is not charged."""

    name: str
    meaning: str
    mend: str
    parts: Sequence[Part] = ()
    find_part: FindPart | None = None
    is_of_renewals: bool = True


RULES: Sequence[Rule] = (
    Rule(
        name="R1",
        meaning=N_(
            "Every renewal began with a reader's message: its cid is that message's id at the gateway."
        ),
        mend=N_("Import the message that began it (inbound-messages), or correct the cid."),
        parts=(q.NO_INBOUND,),
    ),
    Rule(
        name="R2",
        meaning=N_("The message by which a renewal began was answered."),
        mend=N_("Import the answer (outbound-messages): its rcv_msg_id is the cid of the renewal."),
        parts=(q.NO_ANSWER,),
    ),
    Rule(
        name="R3",
        meaning=N_(
            "An answer to the message by which a renewal began has charged the reader: it has a payment."
        ),
        mend=N_(
            "Import the payment, and then the answer once more with payment_external_id or payment_variable_symbol."
        ),
        parts=(q.NO_CHARGING_ANSWER,),
    ),
    Rule(
        name="R4",
        meaning=N_(
            "A renewal, its payment method and the payment before it belong to one reader, by one cid."
        ),
        mend=N_(
            "Correct whose the renewal is, or which payment it follows, in the old system or in the file."
        ),
        parts=(q.OTHER_READER,),
    ),
    Rule(
        name="R5",
        meaning=N_(
            "Every payment that was paid by SMS has exactly one message that was billed, and every message that was"
            " billed has paid one payment."
        ),
        mend=N_(
            "Import the message with its payment and its status, such as D1; of two billed ones one belongs to"
            " another payment, or the reader was charged twice and gets the money back."
        ),
        parts=(q.PAID_WITHOUT_SMS, q.PAID_BY_SEVERAL_SMS, q.BILLED_WITHOUT_PAYMENT, q.BILLED_AND_NOT_PAID),
    ),
    Rule(
        name="R6",
        meaning=N_("What was paid is the price of the billing key that the message was sent on."),
        mend=N_(
            "Correct the price of the key (Billing keys), or the amount or the key in the old system's export."
        ),
        parts=(q.OTHER_AMOUNT, q.OTHER_KEY),
    ),
    Rule(
        name="R7",
        meaning=N_(
            "What a renewal will charge is the price of the billing key of its subscription type, and of an imported"
            " one also what the reader has paid for it until now."
        ),
        mend=N_(
            "Give the subscription type a key of just its price; a reader who pays another price than the type's has"
            " it as custom_amount, with a key of that price."
        ),
        parts=(q.OTHER_PRICE,),
    ),
    Rule(
        name="R8",
        meaning=N_("No reader has two renewals of one subscription type."),
        mend=N_("Stop the one that the reader does not want: both would be charged."),
        parts=(q.TWO_AT_ONCE,),
    ),
    Rule(
        name="R9",
        meaning=N_("The message by which a renewal began came from a number of the reader who is charged."),
        mend=N_("Link the number to the reader (phone-numbers), or correct whose the renewal is."),
        parts=(q.OTHER_NUMBER,),
    ),
    Rule(
        name="R10",
        meaning=N_(
            "The text of the SMS that charges can be written, in one part, from the name, the price and STOP."
        ),
        mend=N_(
            "Correct the template so that it needs subscription_name, price and short_number only, and fits."
        ),
        find_part=find_bad_texts,
    ),
    Rule(
        name="R11",
        meaning=N_("No two messages have the same id at the gateway."),
        mend=N_("Remove the message that the old system stored twice."),
        parts=(q.TWICE_RECEIVED, q.TWICE_SENT),
        is_of_renewals=False,
    ),
    Rule(
        name="R12",
        meaning=N_(
            "Every Slovak number is written in one way: +421908123456 on messages, 0908123456 of a reader."
        ),
        mend=N_("Import the messages once more, with the number as the gateway writes it."),
        parts=(q.FROM_ODD_NUMBER, q.TO_ODD_NUMBER, q.ODD_NUMBER),
        is_of_renewals=False,
    ),
)


def parts_of(session: Session, rule: Rule, ids: Collection[int] | None = None) -> Sequence[Part]:
    """Return the questions of a rule, about all rows or about some renewals."""
    part = rule.find_part(session, ids) if rule.find_part else None
    return [*rule.parts, part] if part else rule.parts
