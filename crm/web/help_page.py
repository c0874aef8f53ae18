"""The staff's help: what the words for states mean, what to do when, and the keys."""

from collections.abc import Mapping
from typing import Any

from flask import Blueprint
from flask_babel import gettext as _

from crm.core.errors import N_
from crm.mobiletech.words import INBOUND_WORDS, STATE_WORDS, InboundState, MessageState, Word
from crm.payments.statuses import PaymentStatus, RecurrentState
from crm.sms_billing.proofs import Waits
from crm.users.roles import Permission
from crm.web.guards import staff
from crm.web.page_tools import render_staff_page
from crm.web.payment_words import STATUS_WORDS, WAITS_ADVICE, WAITS_WORDS
from crm.web.renewal_words import FAILURE_RULES, FAILURE_WORDS, PAUSED, UNPROVEN
from crm.web.renewal_words import STATE_WORDS as RENEWAL_WORDS

help_page = Blueprint("help_page", __name__)

MESSAGE_STATES = {
    MessageState.QUEUED: N_("Made, and sent when it is its turn: in order for each number."),
    MessageState.SENDING: N_("Handed to the gateway this moment; its answer is awaited."),
    MessageState.SENT: N_("The gateway took it. No report on it has come yet."),
    MessageState.BILLED: N_("The gateway reported it billed; a free one is delivered then."),
    MessageState.FAILED: N_(
        "The gateway reported that it was not billed, or a free one that it was not delivered."
    ),
    MessageState.REJECTED: N_("The gateway did not take it. Nobody was charged."),
    MessageState.UNKNOWN: N_(
        "Nobody knows whether the gateway took it. A paid one is never sent again by itself."
    ),
    MessageState.HELD: N_("Kept back for a person, before anything was sent."),
    MessageState.EXPIRED: N_("It could not be sent in time, and is not sent any more."),
    MessageState.CANCELLED: N_("Withdrawn before it was sent."),
    MessageState.NOT_SENT: N_("It was wanted and not made; the reason stands beside it."),
}
INBOUND_STATES = {
    InboundState.WAITS: N_("Stored; a worker handles it within a second."),
    InboundState.RETRIED: N_("Something failed and is tried again by itself."),
    InboundState.FAILED: N_("Something failed for good and waits for a person."),
    InboundState.REPEATED: N_("The operator sent the same SMS again; it gets no second paid answer."),
    InboundState.ANSWERED: N_("We have made an answer."),
    InboundState.NOT_ANSWERED: N_("An answer was wanted and could not be made; the reason stands beside it."),
    InboundState.HANDLED: N_("Handled, without an answer."),
}
PAYMENT_STATES = {
    PaymentStatus.FORM: N_("Its SMS is made, waits or has left; the gateway's report decides."),
    PaymentStatus.PAID: N_("The gateway reported it billed, or a person settled it so. It began a period."),
    PaymentStatus.FAIL: N_("It was not billed. A late report of success still turns it into paid."),
    PaymentStatus.TIMEOUT: N_(
        "Not billed in time; from imported data. A late report still turns it into paid."
    ),
    PaymentStatus.REFUND: N_("It was paid, and somebody wrote down that the money was given back."),
    PaymentStatus.IMPORTED: N_("Paid in the system before this one."),
    PaymentStatus.PREPAID: N_("Paid ahead; from imported data."),
    PaymentStatus.AUTHORIZED: N_("Allowed and not taken yet; from imported data."),
}
RENEWAL_STATES = {
    RecurrentState.ACTIVE: N_("It is charged when its date comes, unless somebody stops it."),
    RecurrentState.PENDING: N_("Its charge is made and may be billed; a stop now is what follows it."),
    RecurrentState.CHARGED: N_("It was billed; the next one is planned in its place."),
    RecurrentState.CHARGE_FAILED: N_("This try was not billed; the next one has its own row, with its date."),
    RecurrentState.USER_STOP: N_("The reader stopped it: nothing more is charged."),
    RecurrentState.ADMIN_STOP: N_("Somebody of the staff stopped it: nothing more is charged."),
    RecurrentState.SYSTEM_STOP: N_(
        "No try is left, or another renewal took its place. It is not charged again."
    ),
}
BILLING_SETTLES = N_(
    "Nobody knows whether it was billed. Nothing else is charged for it until billing has settled it."
)


@help_page.get("")
@staff(Permission.READ)
def show() -> str:
    """Show the help."""
    return render_staff_page(
        "help.html",
        message_states=_explained(STATE_WORDS, MESSAGE_STATES),
        inbound_states=_explained(INBOUND_WORDS, INBOUND_STATES),
        payment_states=[
            *_explained(STATUS_WORDS, PAYMENT_STATES),
            (WAITS_WORDS[Waits.HELD], _(WAITS_ADVICE[Waits.HELD])),
            (WAITS_WORDS[Waits.UNPROVEN], _(BILLING_SETTLES)),
        ],
        renewal_states=[
            *_explained(RENEWAL_WORDS, RENEWAL_STATES),
            (PAUSED, _("It is not charged until a person lets it go on: billing may, support may stop it.")),
            (UNPROVEN, _(BILLING_SETTLES)),
        ],
        failures=_explained(FAILURE_WORDS, FAILURE_RULES),
    )


def _explained(words: Mapping[Any, Word], meanings: Mapping[Any, str]) -> list[tuple[Word, str]]:
    return [(words[state], _(meaning)) for state, meaning in meanings.items()]
