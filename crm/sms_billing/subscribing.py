"""A reader orders by SMS: charged at once, or asked first; once, and never for what they have already.

What cannot be charged is refused with its reason, where people find it. Source: issue 5 point 6, reliability.md C1-C3.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy.orm import Session

from crm.core.errors import N_, Said
from crm.mobiletech.rules.cases import Case
from crm.mobiletech.rules.queries import read_rules
from crm.mobiletech.rules.steps import StepKind
from crm.payments.late_stops import forget_stops_of
from crm.payments.models import RecurrentPayment
from crm.payments.statuses import RecurrentState
from crm.payments.stopping import reactivate
from crm.sms_billing import answers
from crm.sms_billing.charging_orders import Chargeable, charge_orders, refuse_order
from crm.sms_billing.holdings import Holding, Holdings
from crm.sms_billing.limits import read_used_up
from crm.sms_billing.order_of_commands import WrittenStops
from crm.sms_billing.orders import NewOrder, keep_waiting
from crm.sms_billing.sale import Sale, read_sales
from crm.sms_billing.senders import number_of, read_senders
from crm.sms_billing.states import list_state_answers
from crm.users.models import User

NO_MOBILE = N_("The order came from no Slovak mobile number, which nothing can be charged to.")
CLOSED = N_("The account of the sender is closed, so nothing is sold to it.")
USED_UP = N_("The sender has had %(type)s as often as one person may.")


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """One order: the SMS at hand, the type that it is for, and the SMS that ordered, which a yes is not itself."""

    case: Case
    type_code: str
    inbound_id: int
    asks_first: bool


def subscribe(session: Session, cases: Sequence[Case]) -> None:
    """Do what rules that sell say."""
    orders = []
    for case in cases:
        rule = case.rule
        assert rule is not None and rule.subscription_type is not None
        orders.append(
            Order(
                case=case,
                type_code=rule.subscription_type,
                inbound_id=case.message.id,
                asks_first=rule.asks_first,
            )
        )
    take_orders(session, orders)


def take_orders(session: Session, orders: Sequence[Order]) -> None:
    """Take orders of different senders: each is charged, asked about, answered with what there is, or refused."""
    book = _Book(session, orders)
    charged: list[Chargeable] = []
    asked: list[tuple[Order, Sale, str]] = []
    for order in orders:
        number, user, sale = number_of(order.case.message), book.user_of(order), book.sales[order.type_code]
        if book.is_late(order):
            order.case.add(StepKind.ORDER_LATE)
            continue
        fault = book.find_fault(order)
        held = book.find_holding(order)
        if fault is not None:
            refuse_order(session, order.case, fault)
        elif user is not None and held:
            _go_on(session, order, user, held)
        elif isinstance(sale, Sale) and number is not None:
            if order.asks_first:
                asked.append((order, sale, number))
            else:
                charged.append(
                    Chargeable(
                        case=order.case, sale=sale, number=number, user=user, inbound_id=order.inbound_id
                    )
                )
    _ask(session, asked)
    charge_orders(session, charged)


class _Book:
    """What is known of all orders of a batch, read together."""

    def __init__(self, session: Session, orders: Sequence[Order]) -> None:
        messages = [order.case.message for order in orders]
        self._senders = read_senders(session, messages)
        ids = {user.id for user in self._senders.values()}
        self.sales = read_sales(session, {order.type_code for order in orders})
        self._holdings = Holdings(session, ids)
        self._stops = WrittenStops(session, messages)
        self._used_up = read_used_up(
            session, ids, [sale for sale in self.sales.values() if isinstance(sale, Sale)]
        )
        self._keywords: dict[str, set[str]] = {}
        for rule in read_rules(session):
            self._keywords.setdefault(rule.subscription_type or "", set()).add(rule.keyword)

    def user_of(self, order: Order) -> User | None:
        """Return whose number ordered."""
        return self._senders.get(number_of(order.case.message) or "")

    def is_late(self, order: Order) -> bool:
        """Return whether the reader has written STOP since, which was heeded already (C3)."""
        return self._stops.are_after(order.case.message, self._keywords.get(order.type_code, set()))

    def find_fault(self, order: Order) -> Said | None:
        """Return why nothing can be sold to the sender; one who has it already needs no sale."""
        user, sale = self.user_of(order), self.sales[order.type_code]
        if number_of(order.case.message) is None:
            return Said(NO_MOBILE)
        if user is not None and (not user.active or user.deleted_at is not None):
            return Said(CLOSED)
        if self.find_holding(order):
            return None
        if isinstance(sale, Said):
            return sale
        if user is not None and (user.id, sale.type.id) in self._used_up:
            return Said(USED_UP, type=sale.type.code)
        return None

    def find_holding(self, order: Order) -> Holding:
        """Return what the sender has already of what they order."""
        user, sale = self.user_of(order), self.sales[order.type_code]
        if user is None or not isinstance(sale, Sale):
            return Holding()
        return self._holdings.of_types(user.id, [sale.type.id])


def _go_on(session: Session, order: Order, user: User, held: Holding) -> None:
    """Charge nothing a second time: what they have goes on, also if its end was wanted a moment ago; tell its state."""
    forget_stops_of(session, [payment.id for payment in held.firsts])
    for row in held.rows:
        if _is_ending(row):
            reactivate(session, row, by_user=True)
    case = order.case
    case.add(
        StepKind.HAS_IT, renewals=[row.id for row in held.rows], payments=[each.id for each in held.firsts]
    )
    case.answered_number = case.number
    wishes = list_state_answers(session, case.message, user.id, held)
    answers.send_answers(session, [(wish, case.steps) for wish in wishes])


def _is_ending(row: RecurrentPayment) -> bool:
    return row.state == RecurrentState.PENDING and row.stop_wanted == RecurrentState.USER_STOP


def _ask(session: Session, asked: Sequence[tuple[Order, Sale, str]]) -> None:
    """Let orders wait for the reader's yes, and ask for it free of charge."""
    waiting = [
        NewOrder(
            inbound_id=order.case.message.id,
            number=number,
            short_number=order.case.message.to,
            type_id=sale.type.id,
            amount=sale.type.price,
            rule_id=order.case.rule.id if order.case.rule else None,
        )
        for order, sale, number in asked
    ]
    keep_waiting(session, waiting)
    wanted: list[answers.Answer] = []
    for order, sale, _ in asked:
        message = order.case.message
        order.case.add(StepKind.ASKED, type=sale.type.code)
        order.case.answered_number = order.case.number
        params = {
            "subscription_name": sale.name,
            "price": sale.type.price,
            "period": sale.type.length,
            "following_price": sale.following.price if sale.following else "",
        }
        wish = answers.reply(
            message, message.user_id, answers.ORDER_CONFIRM, params, key=f"order-confirm:{message.id}"
        )
        wanted.append((wish, order.case.steps))
    answers.send_answers(session, wanted)
