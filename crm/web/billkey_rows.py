"""Billing keys as the pages show them: price, days, places and use in words."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from urllib.parse import quote

from flask_babel import gettext as _
from flask_babel import ngettext
from sqlalchemy.orm import Session

from crm.core.business_settings import get_setting
from crm.core.errors import N_
from crm.mobiletech.catalogue.billkey_use import COUNTED, FREE_SETTING, NAMING_SETTINGS, Use, read_use
from crm.mobiletech.catalogue.billkeys import Kind
from crm.mobiletech.catalogue.key_rules import KeyState, read_key_rules
from crm.mobiletech.catalogue.models import Billkey
from crm.mobiletech.words import Tone, Word
from crm.web.money import money, thousands
from crm.web.operator_choices import operator_names
from crm.web.page_tools import local_time

STATES: Mapping[KeyState, Word] = {
    KeyState.IN_FORCE: Word(N_("Valid now"), Tone.GOOD, "check"),
    KeyState.NOT_YET: Word(N_("Not valid yet"), Tone.WAIT, "clock"),
    KeyState.ENDED: Word(N_("Valid no more"), Tone.WAIT, "stop"),
}
NAMED_AS: Mapping[str, str] = {
    FREE_SETTING: N_("free key"),
    "mobiletech_test_billkey": N_("test answers"),
}
TICK = timedelta(microseconds=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One key."""

    code: str
    href: str
    note: str
    is_free: bool
    price: str
    valid: str
    short_number: str
    operators: str
    where: str
    state: Word
    last_at: datetime | None
    recent: str
    messages_href: str
    named: str


def make_rows(session: Session, billkeys: Iterable[Billkey]) -> list[Row]:
    """Return the rows, in a handful of statements for all."""
    listed = {billkey.code: billkey for billkey in billkeys}
    rules, use = read_key_rules(session, listed), read_use(session, listed)
    named = {key: get_setting(session, key) for key in NAMING_SETTINGS}
    return [
        _row(billkey, rules[code].state, use[code], [_(NAMED_AS[key]) for key in named if named[key] == code])
        for code, billkey in listed.items()
    ]


def page_of(code: str) -> str:
    """Return the address of a key."""
    return f"/admin/billkeys/{quote(code, safe='')}"


def price_of(billkey: Billkey) -> str:
    """Return what a message on it costs the reader."""
    return _("free") if billkey.kind == Kind.FREE else money(billkey.price, billkey.currency)


def _row(billkey: Billkey, state: KeyState, use: Use, named: list[str]) -> Row:
    return Row(
        code=billkey.code,
        href=page_of(billkey.code),
        note=billkey.note,
        is_free=billkey.kind == Kind.FREE,
        price=price_of(billkey),
        valid=_valid(billkey),
        short_number=billkey.short_number or _("any"),
        operators=operator_names(billkey.operators),
        where=_where(billkey),
        state=STATES[state],
        last_at=use.last_at,
        recent=_recent(use),
        messages_href=f"/admin/messages?billkey={quote(billkey.code, safe='')}",
        named=", ".join(named),
    )


def _valid(billkey: Billkey) -> str:
    begins = billkey.valid_from and local_time(billkey.valid_from, "day")
    ends = billkey.valid_until and local_time(billkey.valid_until - TICK, "day")
    if begins and ends:
        return f"{begins} – {ends}"
    if begins:
        return _("since %(day)s", day=begins)
    return _("until %(day)s", day=ends) if ends else _("always")


def _where(billkey: Billkey) -> str:
    limits = [billkey.short_number or "", operator_names(billkey.operators) if billkey.operators else ""]
    return ", ".join(filter(None, limits)) or _("everywhere")


def _recent(use: Use) -> str:
    if use.recent > COUNTED:
        return _("more than %(count)s messages in 30 days", count=thousands(COUNTED))
    return ngettext("%(num)s message in 30 days", "%(num)s messages in 30 days", use.recent)
