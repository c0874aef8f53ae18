"""A STOP that came while renewals became active found nothing to stop: it is heeded when they are there to be seen.

Whoever lets renewals go on commits, and has this done in the next transaction: whatever was written before that
commit is seen then, and whatever is written after it sees the renewals itself. Should a charge be quicker, or that
transaction never come, the STOP is looked for once more before the first charge.
"""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, timedelta

from sqlalchemy import select, text
from sqlalchemy.orm import Session

from crm.core.copying import by_indexes
from crm.core.errors import Said
from crm.core.log import get_logger
from crm.importer.integrity.stopping import Ordered, find_reader_stops, find_stop_notes
from crm.importer.stops_beside import MOVED_AT
from crm.payments.lanes import take_lanes
from crm.payments.models import RecurrentPayment
from crm.payments.statuses import RecurrentState
from crm.payments.stopping import stop
from crm.sms_billing.reader_stops import NOTE as WROTE_STOP

log = get_logger(__name__)

EARLIER = timedelta(
    minutes=1
)  # an SMS has the time when its transaction began, and is seen when that has ended

# Active just as they came: what a STOP has stopped, and its reader has let go on again, is not stopped once more.
_OF_WRITERS = text("""
    WITH writers AS MATERIALIZED (
        SELECT DISTINCT "from" AS number FROM mobiletech_inbound_messages
        WHERE created_at >= :since AND import_id IS NULL
    ), readers AS MATERIALIZED (
        SELECT phone.user_id FROM writers JOIN mobiletech_phone_numbers AS phone
          ON writers.number LIKE '+421%' AND phone.phone_number = '0' || substr(writers.number, 5)
        UNION
        SELECT ordered.user_id FROM writers
        JOIN mobiletech_inbound_messages AS origin ON origin."from" = writers.number
        JOIN recurrent_payments AS ordered ON ordered.cid = origin.mobiletech_id
    )
    SELECT row.id, row.user_id, row.subscription_type_id, type.code, row.charge_at, inbound."from", inbound.receive_date
    FROM readers
    JOIN recurrent_payments AS row ON row.user_id = readers.user_id
    JOIN subscription_types AS type ON type.id = row.subscription_type_id
    LEFT JOIN mobiletech_inbound_messages AS inbound ON inbound.mobiletech_id = row.cid
    WHERE row.state = 'active' AND row.import_id IS NOT NULL AND row.updated_at = row.created_at
""")
# What somebody has moved here knows of earlier STOPs: there only one that was written since counts.
_OF_IDS = text(f"""
    SELECT row.id, row.user_id, row.subscription_type_id, type.code, row.charge_at, inbound."from",
           greatest(inbound.receive_date, {MOVED_AT})
    FROM recurrent_payments AS row
    JOIN subscription_types AS type ON type.id = row.subscription_type_id
    LEFT JOIN mobiletech_inbound_messages AS inbound ON inbound.mobiletech_id = row.cid
    WHERE row.id = ANY(CAST(:ids AS bigint[]))
""")  # noqa: S608 - a constant


def heed_late_stops(session: Session, began: datetime) -> list[int]:
    """Stop renewals whose readers have written STOP since an import began to make some active; return their ids."""
    since = began - EARLIER
    with by_indexes(session):
        rows = [Ordered(*row) for row in session.execute(_OF_WRITERS, {"since": since})]
    stops = find_reader_stops(session, rows, since) if rows else {}
    take_lanes(session, {row.user_id for row in rows if row.id in stops})
    stopped = _take_active(session, sorted(stops))
    for row in stopped:
        stop(session, [row], by_user=True, note=str(Said(WROTE_STOP, id=stops[row.id])), is_told=True)
    if stopped:
        log.info("stopped_beside_import", recurrent_payment_ids=[row.id for row in stopped])
    return [row.id for row in stopped]


def find_stops_of(session: Session, renewal_ids: Collection[int]) -> Mapping[int, Said]:
    """Return, by renewal, the note of what its reader has done here to end it."""
    return find_stop_notes(
        session, [Ordered(*row) for row in session.execute(_OF_IDS, {"ids": list(renewal_ids)})]
    )


def _take_active(session: Session, ids: Sequence[int]) -> Sequence[RecurrentPayment]:
    """Lock and return those that nobody has touched until their readers' lanes were had."""
    wanted = select(RecurrentPayment).where(
        RecurrentPayment.id.in_(ids),
        RecurrentPayment.state == RecurrentState.ACTIVE,
        RecurrentPayment.updated_at == RecurrentPayment.created_at,
    )
    taken = wanted.order_by(RecurrentPayment.id).with_for_update().execution_options(populate_existing=True)
    return session.execute(taken).scalars().all()
