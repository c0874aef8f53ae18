"""The demo: settings that answer every SMS free of charge, staff of every role, readers and their messages."""

import secrets
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from crm.core.business_settings import list_settings, set_setting
from crm.core.clock import db_now
from crm.mobiletech.catalogue.billkeys import BillkeyDetails, add_billkey, find_billkey
from crm.mobiletech.catalogue.models import ShortNumber, StatusCode
from crm.mobiletech.catalogue.short_numbers import add_short_number
from crm.mobiletech.catalogue.status_codes import CodeDetails, describe_code
from crm.seed.demo_templates import add_texts
from crm.seed.files import read_data
from crm.seed.history import is_written, write_history
from crm.seed.imports import is_imported, write_imports
from crm.seed.logins import Login, write_logins
from crm.seed.money import is_money_written, write_money
from crm.seed.numbers import age_numbers
from crm.seed.plan import plan_exchanges
from crm.seed.readers import add_readers, add_subscribers, list_senders, number_of
from crm.seed.rules import add_rules
from crm.seed.subscribers import plan_subscribers
from crm.seed.types import add_types
from crm.users.accounts import create_user
from crm.users.models import NO_PASSWORD
from crm.users.passwords import hash_password
from crm.users.queries import find_by_email, find_by_phone

LOCK = 8877_0001  # two who seed at once take turns


@dataclass(frozen=True, slots=True, kw_only=True)
class DemoSeeded:
    """What was added, and the passwords that nobody can read again."""

    settings: int
    readers: int
    messages: int
    logins: tuple[Login, ...]


def seed_demo(session: Session, *, logins_file: Path, zone: ZoneInfo) -> DemoSeeded:
    """Add what is missing of the demo; a second time that is nothing. Queues no SMS."""
    session.execute(select(func.pg_advisory_xact_lock(LOCK)))
    data = read_data("demo")
    settings = _add_settings(session, data["settings"])
    _add_catalogue(session, data)
    readers = add_readers(session, data["readers"])
    logins = (*_add_staff(session, data["staff"]), *_add_reader_login(session))
    if logins:
        # Before the commit: if it fails the next run makes new passwords and writes the file anew.
        write_logins(logins_file, logins)
    add_texts(session, data["texts_of_templates"])
    add_types(session, data["subscription_types"])
    add_rules(session, data["rules"])  # they name types and templates
    subscribers, paid = _add_money(session, data, zone)
    messages = paid + _add_messages(session, data, zone)
    if not is_imported(session):
        write_imports(session)
    return DemoSeeded(
        settings=settings,
        readers=readers + subscribers,
        messages=messages,
        logins=logins,
    )


def _add_money(session: Session, data: dict[str, Any], zone: ZoneInfo) -> tuple[int, int]:
    """Let people subscribe and pay; return how many they are, and the number of their SMS."""
    if is_money_written(session):
        return 0, 0
    now = session.execute(select(db_now())).scalar_one()
    told = plan_subscribers(now, zone)
    others = len(data["readers"]) + data["strangers"]
    people = add_subscribers(session, told, data["subscribers"], after=others)
    return len(people) - 1, write_money(session, people, now=now, zone=zone)


def _add_messages(session: Session, data: dict[str, Any], zone: ZoneInfo) -> int:
    if is_written(session):
        return 0
    senders = list_senders(session, len(data["readers"]), data["strangers"])
    story = plan_exchanges(
        senders,
        data["texts"],
        data["long_texts"],
        now=session.execute(select(db_now())).scalar_one(),
        zone=zone,
    )
    written = write_history(session, story, zone=zone)
    age_numbers(session, senders, data["earlier_owners"])
    return written


def _add_settings(session: Session, wanted: dict[str, str]) -> int:
    unset = {value.key for value in list_settings(session) if value.source == "default"}
    missing = {key: value for key, value in wanted.items() if key in unset}
    for key, value in missing.items():
        set_setting(session, key, value)
    return len(missing)


def _add_catalogue(session: Session, data: dict[str, Any]) -> None:
    """Say what keys charge, codes mean and the short number is for, where nobody has said it."""
    for each in data["billkeys"]:
        if find_billkey(session, each["code"]) is None:
            add_billkey(session, each["code"], BillkeyDetails(**_without_code(each)))
    for each in data["status_codes"]:
        if session.get(StatusCode, each["code"]) is None:
            describe_code(session, each["code"], CodeDetails(**_without_code(each)))
    for each in data["short_numbers"]:
        if session.get(ShortNumber, each["number"]) is None:
            add_short_number(session, each["number"], each["name"], ())


def _without_code(each: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in each.items() if name != "code"}


def _add_staff(session: Session, staff: list[dict[str, str]]) -> list[Login]:
    made = []
    for each in staff:
        if find_by_email(session, each["email"]) is None:
            login = Login(role=each["role"], name=each["email"], password=secrets.token_urlsafe(12))
            person = create_user(session, email=login.name, password=login.password, role=login.role)
            person.public_name = each["name"]
            made.append(login)
    return made


def _add_reader_login(session: Session) -> list[Login]:
    """Let the first reader sign in by number and password, if nobody has given one a password yet."""
    number = number_of(0)
    reader = find_by_phone(session, number)
    if reader is None or reader.password != NO_PASSWORD:
        return []
    login = Login(role="reader", name=number, password=secrets.token_urlsafe(12))
    reader.password = hash_password(login.password)
    return [login]
