"""A reader who has stopped a subscription here has stopped it: an old system does not renew another one of its type.

As a STOP does, it counts if it is newer than what the imported renewal follows, and until somebody lets it go on.
"""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import text
from sqlalchemy.orm import Session

from crm.core.copying import array_text
from crm.core.errors import N_, Said
from crm.payments.own_renewals import NOTE as IN_THEIR_ACCOUNT
from crm.sms_billing.link_acts import NOTE as BY_LINK

NOTE = N_("The reader has stopped renewal %(id)s, of the same type, here.")

# When a person or a charge has moved a renewal here last; NULL while it is as it was imported.
MOVED_AT = """(CASE WHEN row.import_id IS NULL THEN row.updated_at ELSE (
    SELECT row.updated_at FROM imports
    WHERE imports.id = row.import_id AND row.updated_at <> row.created_at
      AND row.updated_at > imports.created_at) END)"""

# What an import brought may have been stopped by the old system, which meant that one alone: there the note tells.
_FIND = """
    SELECT wanted.key, max(other.id) FROM ({wanted}) AS wanted, LATERAL (
        SELECT * FROM recurrent_payments WHERE user_id = wanted.user_id OFFSET 0) AS other
    WHERE other.state = 'user_stop' AND other.subscription_type_id = wanted.type_id AND other.updated_at > wanted.since
      AND (other.import_id IS NULL OR other.note = ANY(CAST(:notes AS text[])))
    GROUP BY wanted.key
"""
_OF_ORDERS = text(
    _FIND.format(
        wanted="""SELECT * FROM unnest(
            CAST(CAST(:keys AS text) AS bigint[]), CAST(CAST(:users AS text) AS bigint[]),
            CAST(CAST(:types AS text) AS bigint[]), CAST(:since AS timestamptz[])
        ) AS wanted (key, user_id, type_id, since)"""
    )
)
_OF_RENEWALS = text(
    _FIND.format(
        wanted=f"""SELECT row.id AS key, row.user_id, row.subscription_type_id AS type_id,
               greatest(payment.paid_at, {MOVED_AT}) AS since
        FROM unnest(CAST(CAST(:ids AS text) AS bigint[])) AS named (id)
        JOIN recurrent_payments AS row ON row.id = named.id
        JOIN payments AS payment ON payment.id = row.period_payment_id"""  # noqa: S608 - a constant
    )
)


class Followed(NamedTuple):
    """What an old system renews: whose it is, of which type, and since when they must not have stopped it."""

    key: int
    user_id: int
    type_id: int
    since: datetime


def find_stops_beside(session: Session, orders: Sequence[Followed]) -> dict[int, Said]:
    """Return, by key, the note of the newest renewal that its reader has stopped here; what goes on is absent."""
    if not orders:
        return {}
    return _find(
        session,
        _OF_ORDERS,
        keys=array_text(each.key for each in orders),
        users=array_text(each.user_id for each in orders),
        types=array_text(each.type_id for each in orders),
        since=[each.since for each in orders],
    )


def find_stops_beside_renewals(session: Session, renewal_ids: Collection[int]) -> dict[int, Said]:
    """Return the same for renewals that are here, by their ids."""
    return _find(session, _OF_RENEWALS, ids=array_text(renewal_ids)) if renewal_ids else {}


def _find(session: Session, statement: Any, **values: object) -> dict[int, Said]:
    found = session.execute(statement, {**values, "notes": [IN_THEIR_ACCOUNT, BY_LINK]})
    return {key: Said(NOTE, id=renewal_id) for key, renewal_id in found}
