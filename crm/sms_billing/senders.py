"""Whose number wrote? Asked for a whole batch; who wrote from an unknown one becomes a person when they order."""

from collections.abc import Mapping, Sequence

from sqlalchemy import select
from sqlalchemy.orm import Session

from crm.core.phone import find_slovak_mobile
from crm.mobiletech.models import InboundMessage
from crm.users.accounts import create_user
from crm.users.models import MobilePhone, User

SOURCE = "sms"


def number_of(message: InboundMessage) -> str | None:
    """Return the sender's number, local form; None where it is no Slovak mobile, which nobody of ours has."""
    return find_slovak_mobile(message.from_)


def read_senders(session: Session, messages: Sequence[InboundMessage]) -> Mapping[str, User]:
    """Return who has the numbers of the senders now, by number, local form."""
    numbers = {number for message in messages if (number := number_of(message)) is not None}
    if not numbers:
        return {}
    owners = select(MobilePhone.phone_number, User).join(User, User.id == MobilePhone.user_id)
    found = session.execute(owners.where(MobilePhone.phone_number.in_(numbers)))
    return {row.phone_number: row.User for row in found}


def become_user(session: Session, message: InboundMessage, number: str, known: User | None) -> User:
    """Return the sender as a person, made if there is none; the SMS is theirs from now on."""
    user = known or create_user(session, phone=number)
    if known is None:
        user.source = SOURCE
    if message.user_id is None:
        message.user_id = user.id
    return user
