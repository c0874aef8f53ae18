"""Turn a wish ("tell this person that") into an SMS that will be sent, or into a stored reason why not.

`notify` stores one or the other in the caller's transaction, never neither.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import partial

from sqlalchemy.orm import Session

from crm.core import metrics
from crm.core.db import after_commit, current_session
from crm.core.errors import N_, Said
from crm.core.log import get_logger
from crm.events.publish import Work, publish_many
from crm.mobiletech.composing import RefusalError, compose, look_up
from crm.mobiletech.events import SEND, lane_of
from crm.mobiletech.models import NotSent, OutboundMessage
from crm.mobiletech.outbound import OutboundPurpose
from crm.mobiletech.search.keeping import keep_outbound_messages
from crm.mobiletech.wishes import Envelope, Reason, Wish
from crm.users.models import User

log = get_logger(__name__)


def notify(
    envelope: Envelope,
    user: User | int | None,
    template_code: str,
    params: Mapping[str, object] | None = None,
    *,
    purpose: OutboundPurpose = OutboundPurpose.SERVICE,
    key: str | None = None,
    context: str | None = None,
    payment_id: int | None = None,
    available_at: datetime | None = None,
    is_secret: bool = False,
    session: Session | None = None,
) -> OutboundMessage | NotSent:
    """Queue one SMS and the work to send it, or store why there is none; the caller's transaction holds both.

    A paid billing key needs a payment, or the purpose `test`. `available_at` puts the sending off. The text of
    a secret one is shown nowhere, and blanked once it is sent.
    """
    user_id = user.id if isinstance(user, User) else user
    wish = Wish(
        envelope,
        user_id,
        template_code,
        params or {},
        purpose=purpose,
        key=key,
        context=context,
        payment_id=payment_id,
        is_secret=is_secret,
    )
    return notify_many(session or current_session(), [wish], available_at=available_at)[0]


def notify_many(
    session: Session, wishes: Sequence[Wish], *, available_at: datetime | None = None
) -> list[OutboundMessage | NotSent]:
    """Do for each wish what `notify` does, in a handful of statements for all; same order."""
    if not wishes:
        return []
    known = look_up(session, wishes)
    made = dict(known.messages)
    results: list[OutboundMessage | NotSent] = []
    fresh: list[OutboundMessage] = []
    refused: list[NotSent] = []
    for wish in wishes:
        message = made.get(wish.key or "")
        if message is None:
            try:
                message = compose(session, known, wish)
            except RefusalError as refusal:
                refused.append(refuse(session, refusal.reason, refusal.detail, wish))
                results.append(refused[-1])
                continue
            fresh.append(message)
            if wish.key:
                made[wish.key] = message
        results.append(message)
    session.add_all(fresh)
    session.flush()
    queue(session, fresh, available_at=available_at)
    keep_outbound_messages(session, [*fresh, *refused])
    return results


def queue(
    session: Session, messages: Sequence[OutboundMessage], *, available_at: datetime | None = None
) -> None:
    """Add the work that sends the messages; the window of one for later opens then, so the work says when."""
    later = {"not_before": available_at.isoformat()} if available_at else {}
    work = [
        Work(
            key=f"send:{message.id}",
            payload={"mobiletech_outbound_message_id": message.id, **later},
            lane=lane_of(message.to),
            # A charge that answers nobody: what readers wait for, and STOP, goes before it.
            is_bulk=message.payment_id is not None and message.rcv_msg_id is None,
        )
        for message in messages
    ]
    publish_many(session, SEND, work, available_at=available_at)


def refuse_for_failed(session: Session, failed: Sequence[str], wish: Wish) -> NotSent:
    """Store that there is no answer because handlers failed before and may still answer when they are tried again."""
    told = Said(
        N_("%(failed)s failed and will be tried again; it may still answer."), failed=", ".join(failed)
    )
    return refuse(session, Reason.OTHER_HANDLER_FAILED, str(told), wish)


def refuse(session: Session, reason: Reason, detail: str, wish: Wish) -> NotSent:
    """Store why an SMS was not made, where people find it."""
    envelope, inbound = wish.envelope, wish.envelope.inbound
    row = NotSent(
        reason=reason,
        detail=detail,
        template_code=wish.template_code,
        to=envelope.to or (inbound.from_ if inbound else None),
        billkey=envelope.billkey,
        context=wish.context,
        user_id=wish.user_id,
        inbound_message_id=inbound.id if inbound else None,
    )
    session.add(row)
    session.flush()
    after_commit(session, partial(metrics.count, "not_sent_total", reason=reason))
    log.warning("not_sent", reason=reason, template=wish.template_code, inbound_id=row.inbound_message_id)
    return row
