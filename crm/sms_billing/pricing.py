"""May this key charge this amount? A key is a price: it is used with a payment of exactly that, or not at all (B39)."""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from crm.core.clock import db_now
from crm.core.errors import N_, Said
from crm.mobiletech.catalogue.billkeys import Kind
from crm.mobiletech.catalogue.models import Billkey
from crm.payments.gateways import Refusal
from crm.payments.statuses import Failure


@dataclass(frozen=True, slots=True)
class Keys:
    """All billing keys that are listed, and which of them are in force now."""

    by_code: Mapping[str, Billkey]
    in_force: frozenset[str]

    def find_refusal(self, code: str, amount: Decimal, currency: str) -> Refusal | None:
        """Return why the key must not charge that amount."""
        key = self.by_code.get(code)
        if key is None:
            return ours("billkey_unknown", N_("The billing key %(billkey)s is not listed."), billkey=code)
        if key.kind != Kind.PAID:
            return ours("billkey_free", N_("The billing key %(billkey)s is free of charge."), billkey=code)
        if (key.price, key.currency) != (amount, currency):
            told = N_(
                "The billing key %(billkey)s charges %(price)s %(key_currency)s, and the payment is of"
                " %(amount)s %(currency)s."
            )
            places = {
                "price": key.price,
                "key_currency": key.currency,
                "amount": amount,
                "currency": currency,
            }
            return ours("billkey_price", told, billkey=code, **places)
        if code not in self.in_force:
            told = N_("The billing key %(billkey)s is not valid now.")
            return ours("billkey_not_valid", told, billkey=code)
        return None

    def find_for(self, amount: Decimal, currency: str, sender: str) -> str | None:
        """Return a key in force that charges just that from that short number; of several the first by code."""
        fitting = (
            code
            for code, key in sorted(self.by_code.items())
            if self.find_refusal(code, amount, currency) is None and key.short_number in (None, sender)
        )
        return next(fitting, None)


def read_keys(session: Session) -> Keys:
    """Return the keys; they are few."""
    rows = session.execute(select(Billkey)).scalars().all()
    now = select(Billkey.code).where(
        or_(Billkey.valid_from.is_(None), Billkey.valid_from <= db_now()),
        or_(Billkey.valid_until.is_(None), Billkey.valid_until > db_now()),
    )
    return Keys({row.code: row for row in rows}, frozenset(session.execute(now).scalars()))


def ours(code: str, message: str, **fields: object) -> Refusal:
    """Return a refusal that is never the reader's fault; its words are kept in English, pages tell it in theirs."""
    return Refusal(Failure.OURS, code, str(Said(message, **fields)))
