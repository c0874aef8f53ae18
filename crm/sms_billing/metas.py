"""What a payment by SMS keeps of its message: the keys are outsiders' names (interface.md 6)."""

import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import insert, select
from sqlalchemy.orm import Session

from crm.payments.models import PaymentMeta
from crm.payments.trials import BEGAN_BY

BILLKEY = "mobiletech_billkey"
INBOUND = BEGAN_BY
TEMPLATE = "mobiletech_template_code"
PARAMS = "mobiletech_template_params"


@dataclass(frozen=True, slots=True, kw_only=True)
class SmsMetas:
    """The billing key, the reader's message that began it (our id), the template and what fills it."""

    billkey: str
    inbound_message_id: int
    template_code: str
    params: Mapping[str, Any]

    def as_metas(self) -> dict[str, str]:
        """Return the rows of payment_meta: key to value."""
        return {
            BILLKEY: self.billkey,
            INBOUND: str(self.inbound_message_id),
            TEMPLATE: self.template_code,
            PARAMS: json.dumps(dict(self.params), default=str),
        }


def read_metas(session: Session, payment_ids: Collection[int]) -> Mapping[int, SmsMetas]:
    """Return the metas of those payments that have all that is needed."""
    found: dict[int, dict[str, str]] = {}
    columns = (PaymentMeta.payment_id, PaymentMeta.key, PaymentMeta.value)
    wanted = select(*columns).where(PaymentMeta.payment_id.in_(payment_ids))
    for payment_id, key, value in session.execute(wanted):
        found.setdefault(payment_id, {})[key] = value
    return {
        payment_id: SmsMetas(
            billkey=metas[BILLKEY],
            inbound_message_id=int(metas[INBOUND]),
            template_code=metas[TEMPLATE],
            params=json.loads(metas.get(PARAMS) or "{}"),
        )
        for payment_id, metas in found.items()
        if {BILLKEY, INBOUND, TEMPLATE} <= metas.keys() and metas[INBOUND].isdigit()
    }


def write_metas(session: Session, metas: Mapping[int, SmsMetas]) -> None:
    """Keep the metas of payments that have none yet."""
    rows = [
        {"payment_id": payment_id, "key": key, "value": value}
        for payment_id, each in metas.items()
        for key, value in each.as_metas().items()
    ]
    if rows:
        session.execute(insert(PaymentMeta), rows)
