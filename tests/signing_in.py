"""People to let in, and the way in without a browser."""

from dataclasses import dataclass

from sqlalchemy import select

from crm.core.db import transaction
from crm.users.authentication import Credentials, Entry, chain, enter, prove
from crm.users.client import Client
from crm.users.models import LoginAttempt, User
from crm.users.phones import link_phone
from tests.factories.users import make_user
from tests.pages import PASSWORD

HERE = Client(ip="192.0.2.1", user_agent="Firefox")


@dataclass(frozen=True)
class Outcome:
    """What came of a try: in whose name one is in, or the reason told, and what the log says."""

    user_id: int | None
    refusal: str | None
    status: str
    wait: float | None


def come(
    username: str = "",
    password: str = PASSWORD,
    *,
    mobile_phone: str = "",
    access_token: str = "",
    client: Client = HERE,
) -> Outcome:
    """Go through the three steps of signing in."""
    credentials = Credentials(
        username=username, mobile_phone=mobile_phone, password=password, access_token=access_token
    )
    with transaction() as session:
        door = chain.open_door(session, credentials, client)
    proof = prove(door)
    with transaction() as session:
        entry: Entry = enter(session, door, proof)
        wait = door.wait.total_seconds() if door.wait is not None else None
        user_id = entry.user.id if entry.user is not None else None
        return Outcome(user_id=user_id, refusal=entry.refusal, status=entry.status, wait=wait)


def make_reader(
    *, email: str = "eva@example.sk", phone: str | None = "0908123456", hashed: str | None = None
) -> int:
    """Add a reader with an e-mail, a number and the tests' password, or another hash."""
    user_id = make_user(role="customer", email=email)
    with transaction() as session:
        if phone:
            link_phone(session, phone, user_id)
        if hashed is not None:
            session.get_one(User, user_id).password = hashed
    return user_id


def change(user_id: int, **values: object) -> None:
    """Change columns of a person, as no service does it."""
    with transaction() as session:
        user = session.get_one(User, user_id)
        for name, value in values.items():
            setattr(user, name, value)


def list_attempts() -> list[LoginAttempt]:
    """Return the log of attempts, oldest first."""
    with transaction() as session:
        attempts = session.execute(select(LoginAttempt).order_by(LoginAttempt.id)).scalars().all()
        session.expunge_all()
        return list(attempts)
