"""My subscription: what I have, what is charged next; how I stop it, and let it go on."""

from dataclasses import dataclass
from datetime import datetime

from flask import Blueprint, abort, flash, redirect, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from sqlalchemy.orm import Session

from crm.core.db import current_session, transaction
from crm.mobiletech.words import Word
from crm.payments.errors import BrokenRuleError, ChargeInPastError, NotActiveError, UnstoppableError
from crm.payments.holding import find_hold
from crm.payments.own_renewals import reactivate_chain, stop_chain
from crm.payments.own_subscriptions import (
    OwnSubscription,
    Standing,
    get_own_subscription,
    list_own_subscriptions,
)
from crm.payments.stopping import Stopped
from crm.sms_billing.charging_messages import Course, read_courses
from crm.sms_billing.price_list import list_orders
from crm.users.phones import find_phone_of
from crm.web.flashes import Undo, flash_undoable
from crm.web.guards import signed_in
from crm.web.ids import LARGEST_ID
from crm.web.languages import told
from crm.web.message_pages import spaced
from crm.web.money import money
from crm.web.own_words import STANDING_WORDS, period_words, what_happens
from crm.web.page_tools import local_time, render_reader_page
from crm.web.price_words import order_lines
from crm.web.session import get_signed_in

account_subscription = Blueprint("account_subscription", __name__)

HERE = "/account/subscription"


@dataclass(frozen=True, slots=True, kw_only=True)
class Card:
    """One subscription as the pages show it; without a planned charge `charge` is None."""

    name: str
    state: Word
    price: str | None
    period: str
    until: datetime | None
    until_label: str
    has_ended: bool
    charge_at: datetime | None
    charge: str | None
    happens: list[str]
    stop_href: str | None
    go_on_href: str | None


@account_subscription.get("")
@signed_in()
def show() -> str:
    """Show what the reader has; to who has nothing, how to order."""
    session, me = current_session(), get_signed_in()
    phone = find_phone_of(session, me.id)
    owned = list_own_subscriptions(session, me.id)
    return render_reader_page(
        "account/subscription.html",
        cards=_cards(session, owned, has_number=phone is not None),
        number=spaced(phone.phone_number) if phone else None,
        orders=[] if owned else order_lines(list_orders(session)),
    )


@account_subscription.get("/<int:chain_id>/stop")
@signed_in()
def ask_stop(chain_id: int) -> ResponseReturnValue:
    """Say what stopping does, and ask."""
    session = current_session()
    own = _get(session, chain_id)
    if not own.can_be_stopped:
        flash(_("It is stopped already. Nothing more is charged."), "wait")
        return redirect(HERE)
    [card] = _cards(session, [own], has_number=True)
    return render_reader_page(
        "account/stop.html",
        card=card,
        is_on_its_way=own.standing is Standing.CHARGING,
        can_return=own.next is not None and not own.next.is_due,
    )


@account_subscription.post("/<int:chain_id>/stop")
@signed_in()
def stop(chain_id: int) -> ResponseReturnValue:
    """Stop it, and say what happened."""
    try:
        with transaction() as session:
            stopped = stop_chain(session, get_signed_in().id, _checked(chain_id))
    except UnstoppableError as error:
        flash(told(error), "bad")
        return redirect(HERE)
    _tell(stopped, _get(current_session(), chain_id))
    return redirect(HERE)


@account_subscription.post("/<int:chain_id>/go-on")
@signed_in()
def go_on(chain_id: int) -> ResponseReturnValue:
    """Take the stop back."""
    try:
        with transaction() as session:
            row = reactivate_chain(session, get_signed_in().id, _checked(chain_id))
            charge_at = row.charge_at
    except ChargeInPastError:
        flash(_("The day of the next charge is over, so it cannot go on by itself. Order it anew."), "bad")
    except BrokenRuleError as error:
        flash(told(error), "bad")
    except NotActiveError:
        flash(_("Only what you have stopped yourself can go on. Please write to us."), "bad")
    else:
        when = local_time(charge_at, "day")
        flash(_("It goes on. The next charge is planned for %(day)s.", day=when), "good")
    return redirect(HERE)


def _tell(stopped: Stopped | None, own: OwnSubscription) -> None:
    """Say what was stopped, with the way back where there is one."""
    words = _what_was_stopped(stopped, own)
    if stopped is not None and own.can_go_on:
        action = url_for("account_subscription.go_on", chain_id=own.chain_id)
        flash_undoable(words, Undo(action=action, label=_("Go on again")))
    else:
        flash(words, "good")


def _what_was_stopped(stopped: Stopped | None, own: OwnSubscription) -> str:
    if stopped is None:
        return _("It was stopped already. Nothing more is charged.")
    if stopped.may_still_be_billed:
        return _("Stopped. A charge that had left already may still be billed; after it nothing more is.")
    if own.end is not None and not own.has_ended:
        until = local_time(own.end, "day")
        return _("Stopped. Nothing more is charged. You have it until %(day)s.", day=until)
    return _("Stopped. Nothing more is charged.")


def _get(session: Session, chain_id: int) -> OwnSubscription:
    return get_own_subscription(session, get_signed_in().id, _checked(chain_id))


def _checked(chain_id: int) -> int:
    if chain_id > LARGEST_ID:
        abort(404)
    return chain_id


def _cards(session: Session, owned: list[OwnSubscription], *, has_number: bool) -> list[Card]:
    is_held = find_hold(session) is not None
    courses = read_courses(session, [each.payment_id for each in owned if each.payment_id is not None])
    return [
        _card(each, courses.get(each.payment_id or 0), has_number=has_number, is_held=is_held)
        for each in owned
    ]


def _card(own: OwnSubscription, course: Course | None, *, has_number: bool, is_held: bool) -> Card:
    following = own.next
    is_planned = own.standing in (Standing.RENEWS, Standing.RETRIES) and has_number
    return Card(
        name=own.kind.user_label,
        state=STANDING_WORDS[own.standing],
        price=money(following.amount, following.currency) if following else None,
        period=_period(own),
        until=own.end,
        until_label=_until_label(own),
        has_ended=own.has_ended,
        charge_at=following.at if following and is_planned else None,
        charge=money(following.amount, following.currency) if following and is_planned else None,
        happens=what_happens(own, has_number=has_number, is_held=is_held, course=course),
        stop_href=f"{HERE}/{own.chain_id}/stop" if own.can_be_stopped else None,
        go_on_href=f"{HERE}/{own.chain_id}/go-on" if own.can_go_on else None,
    )


def _period(own: OwnSubscription) -> str:
    """Return how long what is charged next lasts."""
    if own.next is None:
        return period_words(own.kind)
    return period_words(own.next.kind, renewed=own.next.kind.id == own.kind.id)


def _until_label(own: OwnSubscription) -> str:
    """Return what its end means: what goes on has none yet."""
    if own.can_be_stopped:
        return _("Paid until")
    return _("It ended on") if own.has_ended else _("You have it until")
