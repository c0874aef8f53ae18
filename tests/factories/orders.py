"""Keywords that sell, as rows: what the rules make of them is tested elsewhere."""

from crm.core.db import transaction
from crm.mobiletech.rules.models import Rule


def make_subscribe_rule(
    text: str,
    type_code: str,
    *,
    position: int = 1,
    short_number: str | None = "8877",
    asks_first: bool = False,
    is_on: bool = True,
) -> None:
    """Add a rule by which a text orders a type."""
    with transaction() as session:
        session.add(
            Rule(
                position=position,
                short_number=short_number,
                match="exact",
                text=text,
                action="subscribe",
                subscription_type=type_code,
                asks_first=asks_first,
                is_on=is_on,
            )
        )
