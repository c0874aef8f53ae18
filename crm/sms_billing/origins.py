"""By which SMS was it ordered? The moment of writing decides between an order and a STOP."""

from collections.abc import Mapping

from sqlalchemy import select
from sqlalchemy.orm import Session

from crm.mobiletech.models import InboundMessage
from crm.sms_billing.holdings import Holding
from crm.sms_billing.metas import read_metas


def read_origins(session: Session, held: Holding) -> Mapping[str, InboundMessage]:
    """Return the SMS that began each renewal ("renewal 7") and each unbilled payment ("payment 8"), if known."""
    metas = read_metas(session, [payment.id for payment in held.unbilled])
    tokens = {row.cid for row in held.rows}
    ids = {each.inbound_message_id for each in metas.values()}
    found = select(InboundMessage).where(
        InboundMessage.mobiletech_id.in_(tokens) | InboundMessage.id.in_(ids)
    )
    messages = session.execute(found).scalars().all()
    by_token = {message.mobiletech_id: message for message in messages}
    by_id = {message.id: message for message in messages}
    began = {f"renewal {row.id}": by_token.get(row.cid) for row in held.rows}
    for payment_id, each in metas.items():
        began[f"payment {payment_id}"] = by_id.get(each.inbound_message_id)
    return {name: message for name, message in began.items() if message is not None}
