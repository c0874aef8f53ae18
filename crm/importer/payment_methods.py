"""By what imported readers are charged again: their gateway, and the message that began it."""

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import text
from sqlalchemy.orm import Session

from crm.core.copying import array_text

# Those that are known are not tried: a refused insert would burn an id. Each is looked up by itself (OFFSET 0): as a
# join all methods would be read for each batch.
_MAKE = text("""
    INSERT INTO payment_methods (user_id, payment_gateway_id, external_token, created_at)
    SELECT given.user_id, given.gateway_id, given.token, min(given.at)
    FROM unnest(CAST(CAST(:users AS text) AS bigint[]), CAST(CAST(:gateways AS text) AS bigint[]),
                CAST(CAST(:tokens AS text) AS text[]), CAST(CAST(:at AS text) AS timestamptz[])
    ) AS given (user_id, gateway_id, token, at)
    WHERE NOT EXISTS (
        SELECT 1 FROM payment_methods AS known WHERE known.user_id = given.user_id
          AND known.payment_gateway_id = given.gateway_id AND known.external_token = given.token OFFSET 0)
    GROUP BY given.user_id, given.gateway_id, given.token
    ORDER BY given.user_id, given.gateway_id, given.token
    ON CONFLICT DO NOTHING
""")


class Method(NamedTuple):
    """A reader, a gateway and its token, and when it was first paid by."""

    user_id: int
    gateway_id: int
    token: str
    at: datetime


def make_methods(session: Session, methods: Sequence[Method]) -> None:
    """Write those that are not here yet, each once, as of the first time it is named for."""
    if methods:
        users, gateways, tokens, at = map(array_text, zip(*methods, strict=True))
        session.execute(_MAKE, {"users": users, "gateways": gateways, "tokens": tokens, "at": at})
