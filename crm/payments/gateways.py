"""What the money needs of a way to pay: ports, and the registry that wiring.py fills. Gateways keep no state.

A gateway works inside the caller's transaction and never waits for an answer: what becomes of a charge arrives
later, as a report, and is told by `pay` (paying.py) or `fail` (failing.py).
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Protocol

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from crm.core.errors import N_, NotFoundError
from crm.payments.models import Payment, PaymentGateway, RecurrentPayment
from crm.payments.statuses import Failure
from crm.subscriptions.models import SubscriptionType


@dataclass(frozen=True, slots=True, kw_only=True)
class Charge:
    """A renewal that is due, and what it costs; `token` names the payment method to the gateway."""

    recurrent: RecurrentPayment
    type: SubscriptionType
    amount: Decimal
    currency: str
    token: str


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why a charge is not made: its class, the gateway's word for it, and the sentence for a person.

    `is_of_reader` when nothing that we set is wrong: the reader has no number any more, or no account.
    """

    failure: Failure
    code: str
    told: str
    is_of_reader: bool = False


class Gateway(Protocol):
    """A way to pay once."""

    code: str
    name: str
    sorting: int
    is_recurrent: bool
    is_stoppable: bool  # by anybody
    is_user_stoppable: bool

    def begin(self, session: Session, payments: Sequence[Payment]) -> Mapping[int, Refusal]:
        """Send each new payment on its way; return, by id, those that were refused. The others are on their way."""
        ...

    def withdraw(self, session: Session, payment_ids: Collection[int]) -> set[int]:
        """Call charges back that have not left yet; return those that certainly never will."""
        ...

    def tokens(self, session: Session, payment_ids: Collection[int]) -> Mapping[int, str]:
        """Return by which token a paid payment can be charged again; one without is not in it."""
        ...


class RecurrentGateway(Gateway, Protocol):
    """A way to pay again without being asked."""

    def refuse(self, session: Session, charges: Sequence[Charge]) -> Mapping[int, Refusal]:
        """Return, by the renewal's id, the charges that must not be made; asked before there is a payment."""
        ...

    def charge(self, session: Session, charges: Sequence[tuple[Charge, Payment]]) -> Mapping[int, Refusal]:
        """Send the charges on their way; return, by the payment's id, those that were refused after all."""
        ...


class GatewayRegistry:
    """The gateways that this program knows, by code."""

    def __init__(self) -> None:
        self._gateways: dict[str, Gateway | RecurrentGateway] = {}

    def add(self, gateway: "Gateway | RecurrentGateway") -> None:
        """Make a gateway known.

        Raises: ValueError when the code is taken.
        """
        if gateway.code in self._gateways:
            raise ValueError(f"a gateway {gateway.code} is registered already")
        self._gateways[gateway.code] = gateway

    def get(self, code: str) -> "Gateway | RecurrentGateway":
        """Return the gateway. Raises: UnknownGatewayError."""
        if code not in self._gateways:
            raise UnknownGatewayError(code)
        return self._gateways[code]

    def get_recurrent(self, code: str) -> RecurrentGateway:
        """Return a gateway that can charge again. Raises: UnknownGatewayError."""
        gateway = self.get(code)
        if not gateway.is_recurrent:
            raise UnknownGatewayError(code)
        return gateway  # type: ignore[return-value] # is_recurrent says that it is one

    def all(self) -> "Sequence[Gateway | RecurrentGateway]":
        """Return all of them in the order of their pages."""
        return sorted(self._gateways.values(), key=lambda gateway: (gateway.sorting, gateway.code))

    def clear(self) -> None:
        """Forget everything, for tests and for a second application in one process."""
        self._gateways.clear()


class UnknownGatewayError(NotFoundError):
    """No gateway of that code is registered."""

    def __init__(self, code: str) -> None:
        super().__init__(N_("There is no payment gateway %(code)s."), code=code)


gateways = GatewayRegistry()


def keep_gateway_rows(session: Session) -> int:
    """Write down the gateways that are registered and have no row yet; return how many."""
    rows = [
        {"code": each.code, "name": each.name, "sorting": each.sorting, "is_recurrent": each.is_recurrent}
        for each in gateways.all()
    ]
    if not rows:
        return 0
    statement = insert(PaymentGateway).values(rows).on_conflict_do_nothing(index_elements=["code"])
    return len(session.execute(statement.returning(PaymentGateway.id)).all())


def gateway_id(session: Session, code: str) -> int:
    """Return the id of a registered gateway's row, which is made when it is not there yet.

    Raises: UnknownGatewayError.
    """
    gateways.get(code)
    found = select(PaymentGateway.id).where(PaymentGateway.code == code)
    known = session.execute(found).scalar_one_or_none()
    if known is None:
        keep_gateway_rows(session)
        known = session.execute(found).scalar_one()
    return known


def gateway_codes(session: Session) -> Mapping[int, str]:
    """Return the codes of all gateways that were ever used, by id."""
    return {row.id: row.code for row in session.execute(select(PaymentGateway.id, PaymentGateway.code))}
