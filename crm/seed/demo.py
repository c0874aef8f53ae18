"""The demo: settings that answer every SMS free of charge, staff of every role, readers and their messages."""

import secrets
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy.orm import Session

from crm.core.business_settings import list_settings, set_setting
from crm.seed.files import read_data
from crm.seed.logins import Login, write_logins
from crm.users.accounts import create_user, find_by_email


@dataclass(frozen=True, slots=True, kw_only=True)
class DemoSeeded:
    """What was added, and the passwords that nobody can read again."""

    settings: int
    readers: int
    messages: int
    logins: tuple[Login, ...]


def seed_demo(session: Session, *, logins_file: Path) -> DemoSeeded:
    """Add what is missing of the demo; a second time that is nothing. Queues no SMS."""
    data = read_data("demo")
    settings = _add_settings(session, data["settings"])
    logins = tuple(_add_staff(session, data["staff"]))
    if logins:
        # Before the commit: if it fails the next run makes new passwords and writes the file anew.
        write_logins(logins_file, logins)
    return DemoSeeded(settings=settings, readers=0, messages=0, logins=logins)


def _add_settings(session: Session, wanted: dict[str, str]) -> int:
    unset = {value.key for value in list_settings(session) if value.source == "default"}
    missing = {key: value for key, value in wanted.items() if key in unset}
    for key, value in missing.items():
        set_setting(session, key, value)
    return len(missing)


def _add_staff(session: Session, staff: list[dict[str, str]]) -> list[Login]:
    made = []
    for each in staff:
        if find_by_email(session, each["email"]) is None:
            login = Login(role=each["role"], email=each["email"], password=secrets.token_urlsafe(12))
            person = create_user(session, email=login.email, password=login.password, role=login.role)
            person.public_name = each["name"]
            made.append(login)
    return made
