"""What a change of a type does to renewals, asked about before it is saved."""

from dataclasses import dataclass
from decimal import Decimal

from flask_babel import gettext as _
from flask_babel import ngettext
from sqlalchemy.orm import Session

from crm.core.money import InvalidAmountError, parse_amount
from crm.sms_billing.offers import find_offer
from crm.sms_billing.type_use import read_type_use
from crm.subscriptions.models import SubscriptionType
from crm.web.money import money
from crm.web.type_forms import TypeForm


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """What to ask: the title, what happens to renewals, and the words of the button that means it."""

    title: str
    renewals: str
    consequences: tuple[str, ...]
    button: str


class QuestionError(Exception):
    """What was typed can be saved, and somebody must mean it first."""

    def __init__(self, question: Question) -> None:
        self.question = question
        super().__init__(question.title)


def find_question(session: Session, known: SubscriptionType, form: TypeForm) -> Question | None:
    """Return what has to be asked before the form is saved; what is wrong in it is told first."""
    renewals = read_type_use(session, [known.id])[known.id].renewals
    if not renewals:
        return None
    told = ngettext("%(num)s renewal of it is planned.", "%(num)s renewals of it are planned.", renewals)
    if not form.told("billkey") and find_offer(session, known.id) is not None:
        return _no_key(known, told)
    new = _read_price(form)
    if new is None or new == (known.price, known.currency):
        return None
    return _new_price(known, told, new)


def _no_key(known: SubscriptionType, told: str) -> Question:
    return Question(
        title=_("Sell %(label)s by SMS no more?", label=known.user_label),
        renewals=told,
        consequences=(
            _("Without a billing key none of them can be charged, and each is kept back with that reason."),
            _("To sell it to nobody new and keep the renewals, take away “May be sold” instead."),
        ),
        button=_("Take the key away"),
    )


def _new_price(known: SubscriptionType, told: str, new: tuple[Decimal, str]) -> Question:
    before, after = money(known.price, known.currency), money(*new)
    return Question(
        title=_("Another price for %(label)s?", label=known.user_label),
        renewals=told,
        consequences=(
            _("From the next charge on each costs %(after)s, not %(before)s.", after=after, before=before),
            _("What is paid for already stays as it is."),
            _(
                "Readers agreed to %(before)s. Tell them before it is another price, and how to stop.",
                before=before,
            ),
            _("For a price for new readers only, add another type and take away “May be sold” here."),
        ),
        button=_("Charge %(after)s from now on", after=after),
    )


def _read_price(form: TypeForm) -> tuple[Decimal, str] | None:
    try:
        return parse_amount(form.told("price")), form.told("currency").strip().upper()
    except InvalidAmountError:
        return None
