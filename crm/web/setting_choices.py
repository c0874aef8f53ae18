"""What there is to choose from for a setting, and what a value that was chosen may do wrong."""

from collections.abc import Iterator, Sequence

from flask_babel import gettext as _
from sqlalchemy import select
from sqlalchemy.orm import Session

from crm.core.setting_definitions import DEFINITIONS
from crm.core.setting_kinds import UNITS, Kind
from crm.mobiletech.catalogue.models import Billkey
from crm.mobiletech.catalogue.short_numbers import list_short_numbers
from crm.mobiletech.queries import list_billkey_codes
from crm.mobiletech.sms_templates import find_template, list_templates
from crm.web.page_tools import get_settings
from crm.web.setting_words import UNIT_WORDS

Choices = Sequence[tuple[str, str]]  # value, and what a person reads beside it


def list_choices(session: Session, key: str) -> Choices:
    """Return what exists for the key's kind; where anything else may be written too, it need not be all."""
    match DEFINITIONS[key].kind:
        case Kind.BILLKEY:
            return _billkeys(session)
        case Kind.TEMPLATE:
            return [(template.code, template.content[:60]) for template in list_templates(session)]
        case Kind.SHORT_NUMBER:
            return [(line.number, line.name) for line in list_short_numbers(session)]
        case Kind.UNIT:
            return [(unit, _(UNIT_WORDS[unit])) for unit in UNITS]
        case _:
            return []


def list_doubts(session: Session, key: str, value: str) -> list[str]:
    """Return what should make a person stop before the value is saved."""
    if not value:
        return []
    doubts = {
        Kind.BILLKEY: _doubts_of_key,
        Kind.TEMPLATE: _doubts_of_template,
        Kind.ADDRESS: _doubts_of_address,
    }
    find = doubts.get(DEFINITIONS[key].kind)
    return list(find(session, value)) if find else []


def _billkeys(session: Session) -> Choices:
    known = {
        row.code: _price(row) for row in session.execute(select(Billkey).order_by(Billkey.code)).scalars()
    }
    used = {code: _("used, not in the list of billing keys") for code in list_billkey_codes(session)}
    return sorted((used | known).items())


def _doubts_of_key(session: Session, code: str) -> Iterator[str]:
    row = session.execute(select(Billkey).where(Billkey.code == code)).scalar_one_or_none()
    if row is None:
        yield _("This key is not in the list of billing keys, so nobody here knows what it charges.")
    elif row.kind == "paid":
        yield _("In the list of billing keys it is paid: %(price)s for each message.", price=_price(row))


def _doubts_of_template(session: Session, code: str) -> Iterator[str]:
    if find_template(session, code) is None:
        yield _("There is no template with this code yet; nothing is sent until there is.")


def _doubts_of_address(_session: Session, url: str) -> Iterator[str]:
    if get_settings().is_production and not url.startswith("https://"):
        yield _("It does not begin with https://: what we send could be read and changed on the way.")


def _price(row: Billkey) -> str:
    return _("free") if row.kind == "free" else f"{row.price} {row.currency}"
