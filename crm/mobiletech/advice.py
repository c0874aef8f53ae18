"""What to do about what happened: what to set, or whom to ask; pages translate it where it is shown."""

from collections.abc import Mapping

from crm.core.errors import N_
from crm.mobiletech.client import OutcomeKind
from crm.mobiletech.wishes import Reason

REASON_ADVICE: Mapping[Reason, str] = {
    Reason.NO_TEMPLATE: N_(
        "Make the template under Templates with this very code, or have whatever asks for it name another one."
    ),
    Reason.NO_RECIPIENT: N_("Link a number to the person under Numbers; the next message will go there."),
    Reason.BAD_RECIPIENT: N_(
        "Only Slovak mobile numbers are sent to. Nothing to do, unless the number was typed wrong."
    ),
    Reason.NO_BILLKEY: N_("An administrator sets mobiletech_billkey_free under Settings."),
    Reason.BILLKEY_NOT_VALID: N_(
        "Under Billing keys, somebody of billing changes its days, or whoever asks for the SMS names another key."
    ),
    Reason.BILLKEY_OTHER_OPERATOR: N_(
        "Under Billing keys, somebody of billing adds the operator, or whoever asks for the SMS names another key."
    ),
    Reason.BILLKEY_OTHER_NUMBER: N_(
        "Under Billing keys, somebody of billing changes its short number, or the SMS goes from that number."
    ),
    Reason.PAID_WITHOUT_PAYMENT: N_(
        "Whoever wrote the program that answers must use the free key, or begin a payment first. Nobody was charged."
    ),
    Reason.NO_SERV_ID: N_("An administrator sets mobiletech_serv_id under Settings."),
    Reason.NO_SENDER: N_("An administrator sets mobiletech_short_number under Settings."),
    Reason.UNKNOWN_OPERATOR: N_(
        "Once the reader writes from it and the gateway names the operator, answers go out again."
        " If you know whose the prefix is, an administrator enters it under Settings, Prefixes."
    ),
    Reason.MISSING_PARAMETER: N_(
        "Give the place in the template a default, or have whatever asks for it give the value."
    ),
    Reason.BROKEN_TEMPLATE: N_("Open the template, try it with such values, and save it mended."),
    Reason.EMPTY_TEXT: N_("Open the template: with these values it says nothing."),
    Reason.TOO_LONG_FOR_PAID: N_(
        "Shorten the template until its worst case is one part. Nobody was charged."
    ),
    Reason.DUPLICATE: N_("Nothing to do: the first SMS was answered, and the reader is charged once."),
    Reason.OTHER_HANDLER_FAILED: N_(
        "The failed work is tried again by itself and may still answer; if it was given up, it stands under Operations."
    ),
    Reason.LOOP_GUARD: N_(
        "A machine may be answering on the other side. Look at the conversation, and answer yourself if it is a reader."
    ),
    Reason.ORDER_REFUSED: N_(
        "Nothing was charged. Mend what the reason names, or answer the reader; the order can be written anew."
    ),
}

OUTCOME_ADVICE: Mapping[OutcomeKind, str] = {
    OutcomeKind.REJECTED: N_(
        "It is not tried again. The gateway's own words say why: most often the key, the service or the number."
    ),
    OutcomeKind.NOT_SENT: N_("Nothing went out, so it is tried again by itself until its time is over."),
    OutcomeKind.UNKNOWN: N_("Look it up in the gateway's own list before anything is sent again."),
}


def find_reason_advice(reason: str) -> str | None:
    """Return what to do about an SMS that was not made."""
    return REASON_ADVICE.get(Reason(reason)) if reason in set(Reason) else None
