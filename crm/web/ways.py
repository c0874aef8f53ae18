"""Ways on from a page: what can be done about it, each with the page that asks for it."""

from collections.abc import Iterator
from dataclasses import dataclass

from flask_babel import gettext as _

from crm.mobiletech.models import OutboundMessage
from crm.mobiletech.outbound import OutboundState
from crm.sms_billing.binding import can_be_bound
from crm.sms_billing.outcomes import is_unproven
from crm.users.roles import Permission, may


@dataclass(frozen=True, slots=True, kw_only=True)
class Way:
    """Something that can be done."""

    label: str
    href: str
    icon: str
    is_main: bool = False


def list_message_ways(message: OutboundMessage, role: str) -> Iterator[Way]:
    """Tell what a role may do about an SMS that stands still."""
    page = f"/admin/messages/outbound/{message.id}"
    if may(role, Permission.MANAGE_RENEWALS):
        yield from _about_money(message, page)
    if may(role, Permission.ANSWER) and message.state == OutboundState.UNKNOWN and not message.paid:
        if not message.is_secret:
            yield Way(label=_("Send again"), href=f"{page}/again", icon="send")
        yield Way(label=_("Drop"), href=f"{page}/drop", icon="minus")


def _about_money(message: OutboundMessage, page: str) -> Iterator[Way]:
    if message.paid and is_unproven(message):
        yield Way(label=_("Settle the outcome"), href=f"{page}/settle", icon="question", is_main=True)
    elif can_be_bound(message):
        yield Way(label=_("Look for its reports"), href=f"{page}/settle", icon="search")
    if message.state == OutboundState.HELD:
        yield Way(label=_("Let it go"), href=f"{page}/release", icon="send", is_main=True)
        yield Way(label=_("Cancel it"), href=f"{page}/cancel", icon="cross")
