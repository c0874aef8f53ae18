"""What staff do to people: each act is written down, and nobody locks the last administrator out."""

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from flask import Flask
from sqlalchemy.orm import Session

from crm.core.db import transaction
from crm.core.errors import CrmError
from crm.core.phone import InvalidPhoneError
from crm.users import administration
from crm.users.accounts import get_user
from crm.users.administration import Details
from crm.users.audit_log import Actor, acting
from crm.users.client import Client
from crm.users.codes import ask_for_phone
from crm.users.errors import (
    EmailTakenError,
    InvalidUserError,
    LastAdminError,
    NoNumberError,
    OwnAccountError,
    PhoneTakenError,
    TooManyCodesError,
)
from crm.users.models import AccessToken, AuditEntry, OneTimeCode, User
from crm.users.phones import link_phone
from crm.users.sessions import Kind, begin_session
from tests.factories.users import make_user
from tests.stored import read

pytestmark = pytest.mark.usefixtures("actor")
ACTOR = Actor(name="Adam Admin", user_id=99, ip="192.0.2.7", request_id="abc")
PLAIN = Details(public_name="Eva Nováková", email="eva@example.sk")
Act = Callable[[Session, User], object]


# --- what each act does, and what the log says of it

ACTS: list[tuple[str, str, Act, dict[str, Any] | None, dict[str, Any] | None]] = [
    ("edit", "user.edit", lambda s, u: administration.edit_person(
        s, u, Details(public_name="Eva N.", email="eva@example.sk", note="calls on Mondays")),
     {"public_name": "Eva Nováková", "note": None}, {"public_name": "Eva N.", "note": "calls on Mondays"}),
    ("role", "user.role", lambda s, u: administration.set_role(s, u, "editor", reason="why"),
     {"role": "customer"}, {"role": "editor"}),
    ("link", "user.link_number", lambda s, u: administration.link_number(
        s, u, "+421 908 000 001", by_role="admin", reason="why"),
     None, {"phone": "0908000001"}),
    ("deactivate", "user.deactivate", lambda s, u: administration.deactivate(s, u, reason="why"),
     {"active": True}, {"active": False}),
    ("confirm", "user.confirm", lambda s, u: administration.confirm_person(s, u), None, None),
]  # fmt: skip


@pytest.mark.parametrize(("label", "action", "act", "before", "after"), ACTS, ids=[row[0] for row in ACTS])
def test_an_act_is_in_the_log_with_what_was_before_and_after(
    label: str, action: str, act: Act, before: dict[str, Any] | None, after: dict[str, Any] | None
) -> None:
    user_id = make_user(role="customer", email="eva@example.sk")

    _do(user_id, act)

    columns = (AuditEntry.actor_id, AuditEntry.actor, AuditEntry.action, AuditEntry.subject)
    assert read(*columns) == [(99, "Adam Admin", action, f"user {user_id}")]
    assert read(AuditEntry.before, AuditEntry.after, order=AuditEntry.id) == [(before, after)]
    assert read(AuditEntry.ip, AuditEntry.request_id) == [("192.0.2.7", "abc")]


@pytest.mark.parametrize(
    ("label", "act"),
    [
        ("edit", lambda s, u: administration.edit_person(s, u, PLAIN)),
        ("role", lambda s, u: administration.set_role(s, u, "customer")),
        ("number", lambda s, u: administration.link_number(s, u, "0908 999 999", by_role="admin")),
        ("activate", lambda s, u: administration.activate(s, u, reason="why")),
        ("sign-ins", lambda s, u: administration.end_sign_ins(s, u)),
        ("a sign-in", lambda s, u: administration.end_sign_in(s, u, 4711)),
    ],
)
def test_what_is_so_already_is_no_act(label: str, act: Act) -> None:
    user_id = make_user(role="customer", email="eva@example.sk")
    with acting(None), transaction() as session:
        link_phone(session, "0908999999", user_id)

    _do(user_id, act)

    assert read(AuditEntry.id) == []


def test_confirming_twice_keeps_the_first_time() -> None:
    user_id = make_user(role="customer")

    _do(user_id, administration.confirm_person)
    first = read(User.confirmed_at)
    _do(user_id, administration.confirm_person)

    assert read(User.confirmed_at) == first != [(None,)]
    assert len(read(AuditEntry.id)) == 1


def test_a_person_who_is_added_is_in_the_log_without_the_password() -> None:
    with transaction() as session:
        administration.add_person(session, phone="0908 123 456", password="correct horse battery")

    after = {"public_name": "0908123456", "email": None, "phone": "0908123456", "role": "customer"}
    assert read(AuditEntry.action, order=AuditEntry.id) == [("user.create",)]
    assert read(AuditEntry.after, order=AuditEntry.id) == [(after,)]


def test_where_nobody_acts_nothing_is_written() -> None:
    with acting(None), transaction() as session:
        administration.add_person(session, email="eva@example.sk")

    assert read(AuditEntry.id) == []


# --- what is refused, and leaves no trace

REFUSED: list[tuple[str, Act, type[CrmError]]] = [
    ("no name", lambda s, u: administration.edit_person(s, u, Details(public_name=" ", email="e@f.sk")),
     InvalidUserError),
    ("no e-mail and no number", lambda s, u: administration.edit_person(s, u, Details(public_name="Eva")),
     InvalidUserError),
    ("no e-mail address", lambda s, u: administration.edit_person(s, u, Details(public_name="Eva", email="eva")),
     InvalidUserError),
    ("e-mail of another", lambda s, u: administration.edit_person(
        s, u, Details(public_name="Eva", email="TAKEN@example.sk")), EmailTakenError),
    ("language", lambda s, u: administration.edit_person(
        s, u, Details(public_name="Eva", email="e@f.sk", locale="tlh")), InvalidUserError),
    ("role", lambda s, u: administration.set_role(s, u, "king"), InvalidUserError),
    ("number of another", lambda s, u: administration.link_number(s, u, "0908000002", by_role="admin"),
     PhoneTakenError),
    ("no number", lambda s, u: administration.link_number(s, u, "8877", by_role="admin"), InvalidPhoneError),
    ("nothing to unlink", lambda s, u: administration.unlink_number(s, u, by_role="admin", reason="why"),
     NoNumberError),
    ("no number for a code", lambda s, u: administration.send_password_code(s, u, Client()), NoNumberError),
]  # fmt: skip


@pytest.mark.parametrize(("label", "act", "error"), REFUSED, ids=[row[0] for row in REFUSED])
def test_what_cannot_be_is_refused_and_nothing_is_left(label: str, act: Act, error: type[CrmError]) -> None:
    user_id = make_user(role="customer", email="eva@example.sk")
    taken = make_user(role="customer", email="taken@example.sk")
    with acting(None), transaction() as session:
        link_phone(session, "0908000002", taken)

    with pytest.raises(error):
        _do(user_id, act)

    assert read(AuditEntry.id) == []
    assert read(User.email) == [("eva@example.sk",), ("taken@example.sk",)]


def test_a_new_e_mail_is_not_a_checked_one() -> None:
    user_id = make_user(role="customer", email="eva@example.sk")
    _do(user_id, lambda session, user: setattr(user, "email_validated_at", user.created_at))

    _do(user_id, lambda s, u: administration.edit_person(s, u, Details(public_name="Eva", email="e@f.sk")))

    assert read(User.email_validated_at) == [(None,)]


# --- what ends

ENDS = [
    ("deactivate", lambda s, u: administration.deactivate(s, u, reason="why"), "deactivated", 0),
    ("role", lambda s, u: administration.set_role(s, u, "support"), "role_changed", 1),
    (
        "unlink",
        lambda s, u: administration.unlink_number(s, u, by_role="admin", reason="why"),
        "ended_by_staff",
        0,
    ),
    ("sign-ins", lambda s, u: administration.end_sign_ins(s, u), "ended_by_staff", 1),
]


@pytest.mark.parametrize(("label", "act", "reason", "codes"), ENDS, ids=[row[0] for row in ENDS])
def test_sign_ins_and_codes_end_at_once(label: str, act: Act, reason: str, codes: int) -> None:
    user_id = make_user(role="customer")
    with acting(None), transaction() as session:
        link_phone(session, "0908123456", user_id)
        for kind in Kind:
            begin_session(session, get_user(session, user_id), kind=kind, client=Client())
        ask_for_phone(session, "0908123456", user_id, Client())

    _do(user_id, act)

    assert read(AccessToken.end_reason) == [(reason,), (reason,)]
    assert len([used for (used,) in read(OneTimeCode.used_at) if used is None]) == codes


def test_one_sign_in_ends_and_the_others_do_not() -> None:
    user_id, other = make_user(role="customer"), make_user(role="customer")
    with transaction() as session:
        for owner in (user_id, user_id, other):
            begin_session(session, get_user(session, owner), kind=Kind.WEB, client=Client())

    _do(user_id, lambda s, u: administration.end_sign_in(s, u, 1))
    _do(user_id, lambda s, u: administration.end_sign_in(s, u, 3))

    assert read(AccessToken.id, AccessToken.end_reason) == [(1, "ended_by_staff"), (2, None), (3, None)]
    assert read(AuditEntry.before) == [({"sign_in": 1},)]


def test_an_account_can_be_opened_again() -> None:
    user_id = make_user(role="customer", active=False)

    _do(user_id, lambda s, u: administration.activate(s, u, reason="a mistake"))

    assert read(User.active) == [(True,)]
    assert read(AuditEntry.action, AuditEntry.reason) == [("user.activate", "a mistake")]


def test_who_was_called_by_the_number_is_called_otherwise_without_it() -> None:
    user_id = _make_reader("0908123456")
    _do(user_id, lambda session, user: setattr(user, "public_name", "0908123456"))

    _do(user_id, lambda s, u: administration.unlink_number(s, u, by_role="admin", reason="why"))

    assert read(User.public_name) == read(User.email)


# --- a code


def test_a_code_goes_to_the_number() -> None:
    user_id = _make_reader("0908123456")

    _do(user_id, lambda s, u: administration.send_password_code(s, u, Client(ip="192.0.2.7")))

    assert read(OneTimeCode.purpose, OneTimeCode.user_id, OneTimeCode.phone_number) == [
        ("sign_in", user_id, "0908123456")
    ]
    assert read(AuditEntry.action) == [("user.send_code",)]


def test_a_closed_account_gets_no_code() -> None:
    user_id = _make_reader("0908123456")
    _do(user_id, lambda s, u: administration.deactivate(s, u, reason="why"))

    with pytest.raises(InvalidUserError, match="closed"):
        _do(user_id, lambda s, u: administration.send_password_code(s, u, Client()))

    assert read(OneTimeCode.id) == []


def test_staff_have_the_limits_of_everybody() -> None:
    user_id = _make_reader("0908123456")

    with pytest.raises(TooManyCodesError):
        for _ in range(6):
            _do(user_id, lambda s, u: administration.send_password_code(s, u, Client()))

    assert len(read(AuditEntry.id)) == 5


# --- the last administrator

LOCKING_OUT: list[tuple[str, Act]] = [
    ("deactivate", lambda s, u: administration.deactivate(s, u, reason="why")),
    ("role", lambda s, u: administration.set_role(s, u, "support")),
]


@pytest.mark.parametrize(("label", "act"), LOCKING_OUT)
def test_the_last_active_administrator_stays(label: str, act: Act) -> None:
    user_id = make_user(role="admin")
    make_user(role="admin", active=False)
    make_user(role="support")

    with pytest.raises(LastAdminError):
        _do(user_id, act)

    assert read(User.role, User.active, order=User.id)[0] == ("admin", True)


@pytest.mark.parametrize(("label", "act"), LOCKING_OUT)
def test_of_two_administrators_one_may_go(label: str, act: Act) -> None:
    user_id = make_user(role="admin")
    make_user(role="admin")

    _do(user_id, act)

    assert read(User.role, User.active, order=User.id)[0] != ("admin", True)


def test_an_administrator_who_is_closed_may_lose_the_role() -> None:
    make_user(role="admin")
    closed = make_user(role="admin", active=False)

    _do(closed, lambda s, u: administration.set_role(s, u, "customer"))

    assert read(User.role, order=User.id) == [("admin",), ("customer",)]


def test_nobody_closes_their_own_account() -> None:
    user_id = make_user(role="admin")
    make_user(role="admin")

    with acting(Actor(name="Eva", user_id=user_id)), pytest.raises(OwnAccountError):
        _do(user_id, lambda s, u: administration.deactivate(s, u, reason="why"))


@pytest.mark.parametrize(("label", "act"), LOCKING_OUT)
def test_of_two_who_lock_each_other_out_at_once_one_is_refused(app: Flask, label: str, act: Act) -> None:
    ids = [make_user(role="admin"), make_user(role="admin")]
    start = threading.Barrier(2)

    def lock_out(user_id: int) -> str:
        with app.app_context(), acting(ACTOR):
            try:
                with transaction() as session:
                    user = get_user(session, user_id)
                    start.wait(10)
                    act(session, user)
            except LastAdminError:
                return "refused"
            return "done"

    with ThreadPoolExecutor(2) as threads:
        assert sorted(threads.map(lock_out, ids)) == ["done", "refused"]


def _make_reader(phone: str) -> int:
    user_id = make_user(role="customer")
    with acting(None), transaction() as session:
        link_phone(session, phone, user_id)
    return user_id


def _do(user_id: int, act: Act) -> None:
    with transaction() as session:
        act(session, get_user(session, user_id))


@pytest.fixture
def actor(app: Flask) -> Iterator[None]:
    """Let Adam act."""
    with acting(ACTOR):
        yield
