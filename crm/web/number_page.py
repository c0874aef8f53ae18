"""One number: whose it is and was, which operator it is taken for and why, and when it was written."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from flask import abort
from flask_babel import gettext as _
from sqlalchemy.orm import Session

from crm.mobiletech.number_traffic import read_traffic
from crm.mobiletech.operator_history import LOOKED_FOR_ONE, list_operator_changes, read_since
from crm.mobiletech.operator_resolver import weigh_evidence
from crm.mobiletech.words import Word
from crm.users.acts import list_acts_on_number
from crm.users.administration import may_bind_number
from crm.users.models import KnownNumber, PhoneLink, User
from crm.users.number_list import read_owners
from crm.users.numbers import get_number
from crm.users.phone_history import SAID, list_links
from crm.users.queries import read_names
from crm.users.roles import Permission, may
from crm.web.act_words import ActLine, as_line
from crm.web.ids import LARGEST_ID
from crm.web.message_pages import spaced, unbroken
from crm.web.number_money import read_number_money
from crm.web.number_words import LINKED, NOT_LINKED, change_lines, operator_words
from crm.web.person_page import state_word
from crm.web.session import get_signed_in

SHOWN_ACTS = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Owner:
    """Who has the number; `href` is None for those who may not open people, `may_bind`: this one may unlink it."""

    id: int
    name: str
    email: str | None
    role: str
    state: Word | None  # only of a closed account
    href: str | None
    may_bind: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkLine:
    """One time that the number was somebody's; `until` is None while it is."""

    person: str
    href: str | None
    since: datetime
    linked_by: str
    link_reason: str
    until: datetime | None
    unlinked_by: str
    unlink_reason: str


def find_number_or_404(session: Session, number_id: int) -> KnownNumber:
    """Return the number; 404 where there is none."""
    if number_id > LARGEST_ID:
        abort(404)
    return get_number(session, number_id)


def find_owner(session: Session, number: KnownNumber) -> User | None:
    """Return who has the number."""
    return read_owners(session, [number]).get(number.id)


def read_number(session: Session, number: KnownNumber) -> dict[str, Any]:
    """Return everything that the page shows."""
    owner = find_owner(session, number)
    evidence = weigh_evidence(session, [number.number])
    since = read_since(session, evidence, looked=LOOKED_FOR_ONE)
    links = list_links(session, number.local) if number.local else []
    return {
        "number": number,
        "shown": unbroken(spaced(number.number)),
        "state": LINKED if owner else NOT_LINKED,
        "owner": as_owner(owner) if owner else None,
        "may_bind": may(get_signed_in().role, Permission.ANSWER),
        "operator": operator_words(number.number, evidence[number.number], since.get(number.number)),
        "changes": change_lines(list_operator_changes(session, number.number)),
        "money": read_number_money(session, number),
        "traffic": read_traffic(session, [number.number])[number.number],
        "links": link_lines(session, links),
        "acts": _acts(session, number, [link.user_id for link in links]),
    }


def as_owner(user: User) -> Owner:
    """Return who has the number, as the pages show them."""
    return Owner(
        id=user.id,
        name=user.public_name,
        email=user.email,
        role=user.role,
        state=None if user.active else state_word(active=False),
        href=person_href(user.id),
        may_bind=may_bind_number(get_signed_in().role, user.role),
    )


def person_href(user_id: int) -> str | None:
    """Return the address of a person, None for those who may not open it."""
    return f"/admin/users/{user_id}" if may(get_signed_in().role, Permission.MANAGE_PEOPLE) else None


def link_lines(session: Session, links: Sequence[PhoneLink]) -> list[LinkLine]:
    """Return the history in words."""
    names = read_names(session, [link.user_id for link in links])
    return [
        LinkLine(
            person=names[link.user_id],
            href=person_href(link.user_id),
            since=link.since,
            linked_by=_said(link.linked_by),
            link_reason=_said(link.link_reason),
            until=link.until,
            unlinked_by=_said(link.unlinked_by),
            unlink_reason=_said(link.unlink_reason),
        )
        for link in links
    ]


def _said(stored: str) -> str:
    """Return what stands in the history, what we have said ourselves in the language of the page."""
    return _(stored) if stored in SAID else stored


def _acts(session: Session, number: KnownNumber, user_ids: list[int]) -> list[ActLine]:
    if number.local is None or not may(get_signed_in().role, Permission.READ_AUDIT):
        return []
    found = list_acts_on_number(session, number.local, set(user_ids), limit=SHOWN_ACTS)
    return [as_line(entry) for entry in found]
