"""What people change about themselves, what is refused, and what the audit log keeps of it."""

import pytest
from sqlalchemy import select

from crm.core.db import transaction
from crm.core.errors import CrmError
from crm.users.accounts import create_user, get_user
from crm.users.audit_log import Actor, acting
from crm.users.client import Client
from crm.users.codes import ask_for_code, find_open_code
from crm.users.errors import EmailTakenError, InvalidUserError
from crm.users.models import AccessToken, AuditEntry, User
from crm.users.own_account import (
    change_own_email,
    change_own_name,
    choose_language,
    choose_password,
    has_password,
)
from crm.users.passwords import hash_password, verify_password
from crm.users.sessions import Kind, begin_session
from tests.factories.codes import make_reader
from tests.factories.users import make_user
from tests.stored import read

pytestmark = pytest.mark.usefixtures("app")


@pytest.mark.parametrize(
    ("first", "last", "called"),
    [
        (" Eva ", "Nováková", "Eva Nováková"),
        ("Eva", "", "Eva"),
        ("", "  de   la Cruz ", "de la Cruz"),
        ("", "", "eva@example.sk"),
    ],
)
def test_a_person_is_called_by_the_names_else_by_the_e_mail(first: str, last: str, called: str) -> None:
    user_id = make_reader()

    rename(user_id, first, last)

    assert read(User.public_name) == [(called,)]


def test_a_person_without_an_e_mail_is_called_by_the_number_again() -> None:
    with transaction() as session:
        user_id = create_user(session, phone="0908630549", public_name="Eva").id

    rename(user_id, "", "")

    assert read(User.public_name, User.first_name) == [("0908630549", None)]


@pytest.mark.parametrize("name", ["x" * 101, "E\u200bva", "E\x00va"])
def test_a_name_that_is_too_long_or_invisible_is_refused(name: str) -> None:
    user_id = make_reader()

    with pytest.raises(InvalidUserError):
        rename(user_id, name, "")


def test_a_new_e_mail_has_not_been_validated_and_names_who_was_called_by_it() -> None:
    with transaction() as session:
        user = create_user(session, email="eva@example.sk")
        user.email_validated_at = user.created_at
        user_id = user.id

    change_email(user_id, " Eva@Nova.sk ")

    assert read(User.email, User.public_name, User.email_validated_at) == [
        ("Eva@Nova.sk", "Eva@Nova.sk", None)
    ]


def test_a_new_e_mail_leaves_the_name_alone() -> None:
    user_id = make_reader()

    change_email(user_id, "eva@nova.sk")

    assert read(User.public_name) == [("Eva Nováková",)]


@pytest.mark.parametrize(
    ("email", "error"),
    [
        ("JAN@example.sk", EmailTakenError),
        ("eva", InvalidUserError),
        ("", InvalidUserError),
        ("e" * 250 + "@example.sk", InvalidUserError),
    ],
)
def test_an_e_mail_that_cannot_be_theirs_is_refused(email: str, error: type[CrmError]) -> None:
    user_id = make_reader()
    make_user(email="jan@example.sk")

    with pytest.raises(error):
        change_email(user_id, email)

    assert ("eva@example.sk",) in read(User.email)


@pytest.mark.parametrize(("language", "locale"), [("sk", "sk_SK"), ("en", "en_US")])
def test_a_language_is_kept(language: str, locale: str) -> None:
    user_id = make_reader()

    with transaction() as session:
        choose_language(session, get_user(session, user_id), language)

    assert read(User.locale) == [(locale,)]


def test_a_language_that_we_do_not_speak_is_refused() -> None:
    user_id = make_reader()

    with pytest.raises(InvalidUserError), transaction() as session:
        choose_language(session, get_user(session, user_id), "cs")


def test_a_new_password_ends_every_sign_in_but_the_one_kept() -> None:
    user_id = make_reader()
    with transaction() as session:
        for kind in (Kind.WEB, Kind.WEB, Kind.API):
            begin_session(session, get_user(session, user_id), kind=kind, client=Client())

    choose(user_id, "horse battery staple", keep_session=2)

    assert read(AccessToken.id, AccessToken.end_reason) == [
        (1, "password_changed"),
        (2, None),
        (3, "password_changed"),
    ]
    [(hashed,)] = read(User.password)
    assert verify_password("horse battery staple", hashed)


def test_a_new_password_ends_the_open_codes() -> None:
    user_id = make_reader()
    with transaction() as session:
        ask_for_code(session, "eva@example.sk", Client())

    choose(user_id, "horse battery staple")

    with transaction() as session:
        assert find_open_code(session, user_id) is None


@pytest.mark.parametrize(
    "password", ["short", "heslo12345", "eva@example.sk", "Eva Nováková", "aaaaaaaaaaaa"]
)
def test_a_password_that_a_stranger_would_try_is_refused(password: str) -> None:
    user_id = make_reader()

    with pytest.raises(InvalidUserError):
        choose(user_id, password)


def test_each_change_stands_in_the_audit_log_and_no_secret_does() -> None:
    user_id = make_reader()

    rename(user_id, "Eva", "Kováčová")
    rename(user_id, "Eva", "Kováčová")
    change_email(user_id, "eva@nova.sk")
    choose(user_id, "horse battery staple")

    with transaction() as session:
        entries = session.execute(select(AuditEntry).order_by(AuditEntry.id)).scalars().all()
        assert [entry.action for entry in entries] == ["account.name", "account.email", "account.password"]
        assert {entry.subject for entry in entries} == {f"user {user_id}"}
        assert (entries[1].before, entries[1].after) == (
            {"email": "eva@example.sk"},
            {"email": "eva@nova.sk"},
        )
        assert "horse" not in str(entries[2].after) + str(entries[2].before)


def test_who_has_a_password_is_known() -> None:
    with_one = make_reader()
    with transaction() as session:
        without = create_user(session, phone="0908000002")
        assert (has_password(get_user(session, with_one)), has_password(without)) == (True, False)


def rename(user_id: int, first: str, last: str) -> None:
    with transaction() as session, acting(Actor(name="Eva", user_id=user_id)):
        change_own_name(session, get_user(session, user_id), first=first, last=last)


def change_email(user_id: int, email: str) -> None:
    with transaction() as session, acting(Actor(name="Eva", user_id=user_id)):
        change_own_email(session, get_user(session, user_id), email)


def choose(user_id: int, password: str, *, keep_session: int = 0) -> None:
    with transaction() as session, acting(Actor(name="Eva", user_id=user_id)):
        new_hash = hash_password(password) if len(password) >= 10 else ""
        choose_password(
            session, get_user(session, user_id), password, new_hash=new_hash, keep_session=keep_session
        )
