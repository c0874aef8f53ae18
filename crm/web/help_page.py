"""The staff's help: what the words for states mean, what to do when, and the keys."""

from collections.abc import Mapping
from typing import Any

from flask import Blueprint
from flask_babel import gettext as _

from crm.core.errors import N_
from crm.mobiletech.words import INBOUND_WORDS, STATE_WORDS, InboundState, MessageState, Word
from crm.users.roles import Permission
from crm.web.guards import staff
from crm.web.page_tools import render_staff_page

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


@help_page.get("")
@staff(Permission.READ)
def show() -> str:
    """Show the help."""
    return render_staff_page(
        "help.html",
        message_states=_explained(STATE_WORDS, MESSAGE_STATES),
        inbound_states=_explained(INBOUND_WORDS, INBOUND_STATES),
    )


def _explained(words: Mapping[Any, Word], meanings: Mapping[Any, str]) -> list[tuple[Word, str]]:
    return [(words[state], _(meaning)) for state, meaning in meanings.items()]
