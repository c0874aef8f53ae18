"""What rows of payments and messages name: templates, billing keys and readers' messages, many at once."""

from collections.abc import Collection
from typing import NamedTuple

from sqlalchemy import select
from sqlalchemy.orm import Session

from crm.core.copying import among
from crm.mobiletech.catalogue.models import Billkey
from crm.mobiletech.models import InboundMessage, SmsTemplate


class Inbound(NamedTuple):
    """A message from a reader: its id, and whose it is, if that is known."""

    id: int
    user_id: int | None


def list_template_ids(session: Session, codes: Collection[str]) -> dict[str, int]:
    """Return the ids of those of the templates that are here, by code."""
    found = select(SmsTemplate.code, SmsTemplate.id).where(SmsTemplate.code.in_(codes))
    return {row.code: row.id for row in session.execute(found)}


def list_billkeys(session: Session, codes: Collection[str]) -> dict[str, Billkey]:
    """Return those of the billing keys that are here, by code."""
    found = select(Billkey).where(Billkey.code.in_(codes))
    return {each.code: each for each in session.execute(found).scalars()}


def list_inbounds(session: Session, mobiletech_ids: Collection[str]) -> dict[str, Inbound]:
    """Return those of the messages from readers that are here, by the gateway's id."""
    found = select(InboundMessage.mobiletech_id, InboundMessage.id, InboundMessage.user_id).where(
        among(InboundMessage.mobiletech_id, mobiletech_ids)
    )
    return {row.mobiletech_id: Inbound(row.id, row.user_id) for row in session.execute(found)}
