"""The demo's readers: people with a number, most of them known by nothing else."""

import unicodedata
from collections.abc import Iterator, Sequence
from datetime import timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from crm.core.clock import db_now
from crm.core.phone import to_international
from crm.mobiletech.wire.operators import operator_by_prefix
from crm.seed.past import past, put_back
from crm.seed.plan import Sender
from crm.seed.subscribers import Subscriber
from crm.users.accounts import create_user
from crm.users.models import MobilePhone, User
from crm.users.queries import find_by_phone

PREFIXES = ("908", "903", "944", "951", "917", "911", "948", "905", "902", "940", "907", "915")
FIRST = 101
WITH_EMAIL = 3  # every third


def number_of(index: int) -> str:
    """Return the number of the reader with that place in the list, local form."""
    return f"0{PREFIXES[index % len(PREFIXES)]}{FIRST + index:06d}"


def add_readers(session: Session, names: Sequence[str]) -> int:
    """Add the readers whose numbers belong to nobody yet; return how many."""
    added = 0
    for index, name in enumerate(names):
        number = number_of(index)
        known = select(MobilePhone.id).where(MobilePhone.phone_number == number)
        if session.execute(known).scalar_one_or_none() is None:
            _add_reader(session, name, number, _email(name) if index % WITH_EMAIL == 0 else None)
            added += 1
    return added


def add_subscribers(
    session: Session, told: Sequence[Subscriber], names: Sequence[str], *, after: int
) -> list[tuple[Sender, Subscriber]]:
    """Return who subscribes: the first reader, and people whose numbers follow `after` others.

    Each is somebody since shortly before the first SMS; every third is known by the number alone.
    """
    places = [0, *range(after, after + len(told) - 1)]
    known = iter(names)
    senders = []
    with past(session):
        for place, who in zip(places, told, strict=True):
            put_back(session, who.starts_at - timedelta(seconds=2))
            name = None if place % 3 == 2 else next(known, None)
            senders.append(_make_sender(session, number_of(place), name))
    return list(zip(senders, told, strict=True))


def list_senders(session: Session, readers: int, strangers: int) -> list[Sender]:
    """Return who writes in the demo: the readers, and some numbers that belong to nobody."""
    return list(_senders(session, readers + strangers))


def _senders(session: Session, count: int) -> Iterator[Sender]:
    rows = session.execute(select(MobilePhone.phone_number, MobilePhone.user_id)).all()
    owners = {row.phone_number: row.user_id for row in rows}
    for number in map(number_of, range(count)):
        operator = operator_by_prefix(number) or ""
        yield Sender(number=to_international(number), operator=operator, user_id=owners.get(number))


def _make_sender(session: Session, number: str, name: str | None) -> Sender:
    user = find_by_phone(session, number)
    now = session.execute(select(db_now())).scalar_one()
    if user is None:
        user = create_user(session, phone=number, public_name=name)
        user.first_name, user.last_name = name.split(" ", 1) if name else (None, None)
        user.source = "sms"
    user.created_at, user.confirmed_at = min(user.created_at or now, now), user.confirmed_at or now
    session.flush()
    return Sender(number=to_international(number), operator=operator_by_prefix(number) or "", user_id=user.id)


def _add_reader(session: Session, name: str, number: str, email: str | None) -> None:
    taken = email and session.execute(select(User.id).where(User.email == email)).first()
    user = create_user(session, email=None if taken else email, phone=number, public_name=name)
    user.first_name, user.last_name = name.split(" ", 1)
    user.source = "sms"
    session.flush()


def _email(name: str) -> str:
    plain = unicodedata.normalize("NFKD", name.lower()).encode("ascii", "ignore").decode()
    return f"{plain.replace(' ', '.')}@example.com"
