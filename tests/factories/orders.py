"""Keywords that sell, as rows: what the rules make of them is tested elsewhere. And who bought without an SMS."""

from crm.core.db import transaction
from crm.mobiletech.rules.models import Rule
from crm.payments.models import PaymentMethod
from crm.payments.paying import Proof, pay
from tests.factories.money import buy
from tests.stored import read


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


def subscribe_quietly(type_code: str, number: str) -> int:
    """Let a reader's first payment be paid before its SMS is sent; return the id of the chain that renews it."""
    bought = buy(type_code, number, run=False)
    with transaction() as session:
        pay(session, [Proof(payment_id=bought.payment_id, code="A0")])
    return int(read(PaymentMethod.id)[-1][0])
