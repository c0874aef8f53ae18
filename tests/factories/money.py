"""What is sold by SMS, who buys it, and what the gateway reports about it."""

from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from itertools import count
from typing import Any

from sqlalchemy import select

from crm.core.clock import db_now
from crm.core.db import transaction
from crm.core.phone import to_international
from crm.mobiletech.catalogue.models import Billkey
from crm.mobiletech.models import InboundMessage, OutboundMessage
from crm.mobiletech.sms_templates import create_template, find_template
from crm.mobiletech.status_reports import record_status
from crm.mobiletech.wire.commands import Status
from crm.payments.charging_run import charge_due
from crm.payments.gateways import gateways
from crm.payments.making import NewPayment, begin
from crm.payments.models import Payment, RecurrentPayment
from crm.sms_billing.metas import SmsMetas
from crm.sms_billing.models import SmsOffer
from crm.subscriptions.models import Subscription, SubscriptionType, SubscriptionTypeMeta
from crm.users.accounts import create_user
from crm.users.queries import find_by_phone
from tests.factories.messages import set_up_gateway
from tests.outbox import run_all

PAID_TEXT = "{{ subscription_name }} predlzene, {{ price }} EUR/mesiac. Zrusit: STOP na 8877"
NUMBER = "0908630549"
MONTH = timedelta(days=30)
_ids = count(1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Bought:
    """The first payment of a reader."""

    user_id: int
    payment_id: int
    inbound_id: int


def set_up_sale(**settings: str) -> None:
    """Set what is needed to send, and the paid text."""
    set_up_gateway(**settings)
    with transaction() as session:
        if find_template(session, "renewal") is None:
            create_template(session, "renewal", PAID_TEXT, purpose="paid")


def make_billkey(code: str = "AA99", price: str = "4.99", **overrides: Any) -> None:
    """List a paid key, if it is not listed yet."""
    with transaction() as session:
        if session.execute(select(Billkey.id).where(Billkey.code == code)).scalar_one_or_none() is None:
            session.add(Billkey(code=code, **({"kind": "paid", "price": Decimal(price)} | overrides)))


def make_type(
    code: str = "month",
    *,
    price: str = "4.99",
    billkey: str | None = "AA99",
    template: str = "renewal",
    short_name: str = "Mesacne",
    **overrides: Any,
) -> int:
    """Add a subscription type, sold by SMS on the key, and return its id; 30 days unless told otherwise."""
    values = {"name": code, "user_label": "Mesačné predplatné", "length": 30} | overrides
    with transaction() as session:
        kind = SubscriptionType(code=code, price=Decimal(price), **values)
        session.add(kind)
        session.flush()
        session.add(SubscriptionTypeMeta(subscription_type_id=kind.id, key="short_name", value=short_name))
        if billkey is not None:
            session.add(SmsOffer(subscription_type_id=kind.id, billkey=billkey, template_code=template))
        made = kind.id
    if billkey is not None:
        make_billkey(billkey, price)
    return made


def make_inbound(
    number: str = NUMBER, content: str = "START", user_id: int | None = None, **overrides: Any
) -> int:
    """Store a reader's SMS, without the work that it would cause, and return its id."""
    with transaction() as session:
        now = session.execute(select(db_now())).scalar_one()
        message = InboundMessage(
            **(
                {
                    "mobiletech_id": f"mo-{next(_ids)}",
                    "serv_id": "1703",
                    "project_id": "76",
                    "from_": to_international(number),
                    "to": "8877",
                    "content": content,
                    "content_coding": "text",
                    "dcs": "0",
                    "esm": "0",
                    "operator_type": "O",
                    "receive_date": now,
                    "receive_date_raw": "2611230730001",
                    "user_id": user_id,
                }
                | overrides
            )
        )
        session.add(message)
        session.flush()
        return message.id


def make_reader(number: str = NUMBER) -> int:
    """Return the person of the number, made if there is none."""
    with transaction() as session:
        known = find_by_phone(session, number)
        return known.id if known else create_user(session, phone=number).id


def buy(
    type_code: str = "month",
    number: str = NUMBER,
    *,
    gateway: str = "mobiletech_recurrent",
    billkey: str = "AA99",
    run: bool = True,
) -> Bought:
    """Let a reader order a type: the paid answer is made, and sent unless `run` is off."""
    user_id = make_reader(number)
    inbound_id = make_inbound(number, user_id=user_id)
    with transaction() as session:
        kind = session.execute(
            select(SubscriptionType).where(SubscriptionType.code == type_code)
        ).scalar_one()
        metas = SmsMetas(
            billkey=billkey,
            inbound_message_id=inbound_id,
            template_code="renewal",
            params={"subscription_name": "Mesacne", "short_number": "8877"},
        )
        wanted = NewPayment(
            user_id=user_id,
            amount=kind.price,
            currency=kind.currency,
            type=kind,
            key=f"order:{inbound_id}",
            metas=metas.as_metas(),
        )
        payment, _ = begin(session, gateways.get(gateway), wanted)
        payment_id = payment.id
    if run:
        run_all()
    return Bought(user_id=user_id, payment_id=payment_id, inbound_id=inbound_id)


def report(payment_id: int, *codes: str, run: bool = True) -> None:
    """Let the gateway report codes about the payment's newest message, and do what follows."""
    for code in codes:
        with transaction() as session:
            newest = select(OutboundMessage.mobiletech_id).where(OutboundMessage.payment_id == payment_id)
            mobiletech_id = session.execute(newest.order_by(OutboundMessage.id.desc()).limit(1)).scalar_one()
            record_status(session, Status(id=mobiletech_id or "none", status=code), None)
    if run:
        run_all()


def subscribe(type_code: str = "month", number: str = NUMBER, **options: Any) -> Bought:
    """Let a reader order and be billed."""
    bought = buy(type_code, number, **options)
    report(bought.payment_id, "A0")
    return bought


def charge() -> int:
    """Charge what is due, and send it; return the newest payment."""
    charge_due()
    run_all()
    return list_payments()[-1].id


def get_payment(payment_id: int) -> Payment:
    """Return the payment as it stands in the table."""
    with transaction() as session:
        found = session.get_one(Payment, payment_id)
        session.expunge(found)
        return found


def list_payments() -> list[Payment]:
    """Return all payments by id."""
    with transaction() as session:
        rows = list(session.execute(select(Payment).order_by(Payment.id)).scalars())
        session.expunge_all()
        return rows


def list_renewals(user_id: int | None = None) -> list[RecurrentPayment]:
    """Return all renewals by id."""
    with transaction() as session:
        wanted = select(RecurrentPayment).order_by(RecurrentPayment.id)
        if user_id is not None:
            wanted = wanted.where(RecurrentPayment.user_id == user_id)
        rows = list(session.execute(wanted).scalars())
        session.expunge_all()
        return rows


def renewal_states() -> list[str]:
    """Return the states of all renewals by id."""
    return [row.state for row in list_renewals()]


def list_subscriptions() -> list[Subscription]:
    """Return all subscriptions by id."""
    with transaction() as session:
        rows = list(session.execute(select(Subscription).order_by(Subscription.id)).scalars())
        session.expunge_all()
        return rows


def messages_of(payment_id: int) -> list[OutboundMessage]:
    """Return the messages of a payment by id."""
    with transaction() as session:
        wanted = select(OutboundMessage).where(OutboundMessage.payment_id == payment_id)
        rows = list(session.execute(wanted.order_by(OutboundMessage.id)).scalars())
        session.expunge_all()
        return rows
