"""The longest values that have really come: of a template's latest messages, and of where a value comes from.

Of each kind the longest whole, and the longest with a character that makes an SMS UCS-2: that one may be
shorter and still cost more parts.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Select, Text, cast, func, select, text
from sqlalchemy.dialects.postgresql import distinct_on
from sqlalchemy.orm import Session

from crm.core.errors import N_
from crm.mobiletech.catalogue.models import Billkey, ShortNumber
from crm.mobiletech.models import InboundMessage
from crm.subscriptions.models import SubscriptionType, SubscriptionTypeMeta
from crm.subscriptions.short_names import KEY, LONGEST
from crm.users.models import User

LATEST = 5_000
# What folding cannot write in the GSM alphabet, nearly: anything but Latin letters, Greek and common signs.
FOREIGN = r"[^\u0001-\u024f\u0300-\u036f\u0391-\u03a9\u1e00-\u1eff\u2000-\u206f\u20ac]"


@dataclass(frozen=True, slots=True)
class Longest:
    """A value as a text, and where it was found, for people."""

    value: str
    found_in: str


_newest = (InboundMessage.created_at.desc(), InboundMessage.id.desc())
_short_name = (
    select(SubscriptionTypeMeta.value)
    .where(SubscriptionTypeMeta.subscription_type_id == SubscriptionType.id, SubscriptionTypeMeta.key == KEY)
    .scalar_subquery()
)
# Where a value of that name comes from, whichever template it goes to.
SOURCES: Mapping[str, tuple[str, Select[Any]]] = {
    "original_message": (
        N_("in the latest SMS from readers"),
        select(InboundMessage.content.label("value")).order_by(*_newest).limit(LATEST),
    ),
    "name": (
        N_("among the newest public names"),
        select(User.public_name.label("value")).order_by(User.id.desc()).limit(LATEST),
    ),
    "price": (
        N_("among the billing keys"),
        select(cast(func.max(Billkey.price), Text).label("value")),
    ),
    "subscription_name": (
        N_("among the subscription types"),
        select(func.left(func.coalesce(_short_name, SubscriptionType.user_label), LONGEST).label("value")),
    ),
    "short_number": (N_("among our short numbers"), select(ShortNumber.number.label("value"))),
}
IN_ITS_MESSAGES = N_("in the latest messages made from it")

# A range and not an equality: the index by template is walked then, never the one of all messages by time. First
# the latest are taken, whatever they hold.
_OF_TEMPLATE = text("""
    WITH latest AS MATERIALIZED (
        SELECT CASE WHEN jsonb_typeof(params) = 'object' THEN params END AS params
        FROM mobiletech_outbound_messages
        WHERE (mobiletech_template_id, created_at) <= (:template_id, 'infinity')
          AND (mobiletech_template_id, created_at) >= (:template_id, '-infinity')
        ORDER BY mobiletech_template_id DESC, created_at DESC, id DESC LIMIT :latest
    ), given AS (
        SELECT asked.name, asked.place, latest.params ->> asked.name AS value
        FROM latest, unnest(CAST(:names AS text[])) WITH ORDINALITY AS asked (name, place)
    )
    SELECT DISTINCT ON (place, value ~ :foreign) name, value FROM given WHERE value IS NOT NULL
    ORDER BY place, value ~ :foreign, length(value) DESC
""")


def read_longest(
    session: Session, template_id: int | None, names: Collection[str]
) -> Mapping[str, Sequence[Longest]]:
    """Return the longest values of the parameters; a name of which none has ever come is absent."""
    found: dict[str, list[Longest]] = {}
    for name in names:
        if name in SOURCES:
            words, source = SOURCES[name]
            values = session.execute(_longest_of(source)).scalars()
            found.setdefault(name, []).extend(Longest(value, words) for value in values if value)
    if template_id is not None and names:
        asked = {"template_id": template_id, "names": list(names), "latest": LATEST, "foreign": FOREIGN}
        for row in session.execute(_OF_TEMPLATE, asked):
            found.setdefault(row.name, []).append(Longest(row.value, IN_ITS_MESSAGES))
    return {name: longest for name, longest in found.items() if longest}


def _longest_of(source: Select[Any]) -> Select[Any]:
    latest = source.subquery()
    is_foreign = latest.c.value.op("~")(FOREIGN)
    chosen = select(latest.c.value).ext(distinct_on(is_foreign))
    return chosen.order_by(is_foreign, func.length(latest.c.value).desc())
