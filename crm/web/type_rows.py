"""Subscription types as the pages show them: price, period, how they are sold, use, and what is wrong."""

from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import quote

from flask_babel import gettext as _
from flask_babel import ngettext
from sqlalchemy.orm import Session

from crm.core.business_settings import get_setting
from crm.mobiletech.words import Word
from crm.sms_billing.models import SmsOffer
from crm.sms_billing.offers import list_offer_faults, read_offers
from crm.sms_billing.type_use import COUNTED, TypeUse, read_type_use
from crm.subscriptions.models import SubscriptionType
from crm.subscriptions.queries import read_short_names, read_types
from crm.web.languages import told
from crm.web.money import money, thousands
from crm.web.page_tools import local_time
from crm.web.type_words import EXTENSIONS, charge_words, length_words, next_words, state_of


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One type."""

    code: str
    href: str
    label: str
    name: str
    description: str
    price: str
    length: str
    begins: str
    fixed: str
    charged: str
    follows: str
    short_name: str
    billkey: str | None
    template: str | None
    first_template: str | None
    running: str
    renewals: str
    now: str
    use: TypeUse
    is_visible: bool
    state: Word
    faults: list[str]


def make_rows(session: Session, types: Sequence[SubscriptionType]) -> list[Row]:
    """Return the rows."""
    ids = [each.id for each in types]
    offers, use, names = (
        read_offers(session, ids),
        read_type_use(session, ids),
        read_short_names(session, ids),
    )
    following = read_types(session, [each.next_subscription_type_id for each in types])
    before = get_setting(session, "recurrent_charge_before")
    return [
        _row(
            each,
            offers.get(each.id),
            use[each.id],
            short_name=names[each.id],
            charged=charge_words(each, before),
            follows=next_words(each, following.get(each.next_subscription_type_id or 0)),
            faults=_faults(session, each, offers.get(each.id), use[each.id]),
        )
        for each in types
    ]


def page_of(code: str) -> str:
    """Return the address of a type."""
    return f"/admin/subscription-types/{quote(code, safe='')}"


def _faults(session: Session, known: SubscriptionType, offer: SmsOffer | None, use: TypeUse) -> list[str]:
    if offer is not None:
        return [told(fault) for fault in list_offer_faults(session, known, offer)]
    if use.renewals:
        return [_("It has renewals and no billing key: they cannot be charged.")]
    return []


def _row(
    known: SubscriptionType,
    offer: SmsOffer | None,
    use: TypeUse,
    *,
    faults: list[str],
    short_name: str,
    **words: str,
) -> Row:
    return Row(
        code=known.code,
        href=page_of(known.code),
        label=known.user_label,
        name=known.name,
        description=known.description,
        price=money(known.price, known.currency),
        length=length_words(known),
        begins=_(EXTENSIONS[known.extension_method]),
        fixed=_fixed(known),
        short_name=short_name,
        billkey=offer.billkey if offer else None,
        template=offer.template_code if offer else None,
        first_template=offer.first_template_code if offer else None,
        running=_running(use),
        now=_now(use),
        renewals=ngettext("%(num)s renewal", "%(num)s renewals", use.renewals),
        use=use,
        is_visible=known.visible,
        state=state_of(known, is_offered=offer is not None, is_broken=bool(faults)),
        faults=faults,
        **words,
    )


def _running(use: TypeUse) -> str:
    return f"{thousands(COUNTED)}+" if use.running > COUNTED else thousands(use.running)


def _now(use: TypeUse) -> str:
    if not use.is_used:
        return _("Nobody has it, and no renewal of it is planned.")
    have = ngettext(
        "%(count)s reader has it now.", "%(count)s readers have it now.", use.running, count=_running(use)
    )
    planned = ngettext(
        "%(num)s renewal of it is planned.", "%(num)s renewals of it are planned.", use.renewals
    )
    return f"{have} {planned}"


def _fixed(known: SubscriptionType) -> str:
    begins = known.fixed_start and local_time(known.fixed_start, "minute")
    ends = known.fixed_end and local_time(known.fixed_end, "minute")
    if begins and ends:
        return f"{begins} – {ends}"
    if begins:
        return _("not before %(moment)s", moment=begins)
    return _("until %(day)s", day=ends) if ends else ""
