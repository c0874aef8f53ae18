"""A number moves to whoever has proved to have it in hand; whoever had it before loses what it opened."""

import threading
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

import pytest
from flask import Flask
from sqlalchemy import select

from crm.core.db import transaction
from crm.core.phone import InvalidPhoneError
from crm.users.accounts import create_user, get_user
from crm.users.audit_log import Actor, acting
from crm.users.client import Client
from crm.users.codes import CodePurpose, ask_for_code, issue_code, use_code
from crm.users.errors import PhoneTakenError, UserNotFoundError
from crm.users.models import AccessToken, AuditEntry, MobilePhone, User
from crm.users.phones import find_phone_of, move_phone
from crm.users.sessions import Kind, begin_session
from tests.conftest import Clock
from tests.factories.codes import make_reader
from tests.logs import list_facts
from tests.stored import read

pytestmark = pytest.mark.usefixtures("app")
NUMBER = "0908630549"


def test_a_number_that_nobody_has_becomes_theirs_and_they_are_confirmed() -> None:
    user_id = make_reader(None)

    move("+421 908 630 549", user_id)

    assert owners() == [(NUMBER, user_id)]
    [(confirmed_at,)] = read(User.confirmed_at)
    assert confirmed_at is not None


def test_another_number_takes_the_place_of_the_one_before_and_counts_from_now(clock: Clock) -> None:
    user_id = make_reader("0908000001")
    [(before,)] = read(MobilePhone.created_at)

    move(NUMBER, user_id)

    assert owners() == [(NUMBER, user_id)]
    [(since,)] = read(MobilePhone.created_at)
    assert since > before


def test_proving_ones_own_number_again_changes_nothing() -> None:
    user_id = make_reader()
    before = read(MobilePhone.id, MobilePhone.created_at)

    move(NUMBER, user_id)

    assert read(MobilePhone.id, MobilePhone.created_at) == before
    assert acts() == []


def test_a_number_given_on_by_its_operator_leaves_the_person_before() -> None:
    _loser, winner = make_reader(), make_reader(None, email="jan@example.sk")

    move(NUMBER, winner)

    assert owners() == [(NUMBER, winner)]


def test_two_who_have_numbers_and_one_takes_the_others() -> None:
    _loser, winner = make_reader(), make_reader("0908000002", email="jan@example.sk")

    move(NUMBER, winner)

    assert owners() == [(NUMBER, winner)]


def test_who_loses_a_number_loses_the_sign_ins_that_a_code_has_begun_and_no_others() -> None:
    loser, winner = make_reader(), make_reader(None, email="jan@example.sk")
    sign_in(loser, source="code")
    sign_in(loser, source="web")
    sign_in(winner, source="code")

    move(NUMBER, winner)

    ended = read(AccessToken.id, AccessToken.user_id, AccessToken.source, AccessToken.end_reason)
    assert ended == [
        (1, loser, "code", "phone_lost"),
        (2, loser, "web", None),
        (3, winner, "code", None),
    ]


def test_who_loses_a_number_loses_the_code_that_was_sent_to_it() -> None:
    _loser, winner = make_reader(), make_reader(None, email="jan@example.sk")
    asked, code = a_code("eva@example.sk")

    move(NUMBER, winner)

    with transaction() as session:
        assert use_code(session, asked, code, purpose=CodePurpose.SIGN_IN) is None


def test_a_code_that_went_to_the_number_of_before_is_no_good_afterwards() -> None:
    user_id = make_reader("0908000001")
    asked, code = a_code("eva@example.sk")

    move(NUMBER, user_id)

    with transaction() as session:
        assert use_code(session, asked, code, purpose=CodePurpose.SIGN_IN) is None


def test_who_was_called_by_the_number_is_not_called_so_any_more() -> None:
    with transaction() as session:
        loser = create_user(session, phone=NUMBER).id
        winner = create_user(session, phone="0908000002").id

    move(NUMBER, winner)

    assert read(User.id, User.public_name) == [(loser, f"user {loser}"), (winner, NUMBER)]


def test_both_sides_find_in_the_audit_log_what_happened(caplog: pytest.LogCaptureFixture) -> None:
    loser, winner = make_reader(), make_reader("0908000002", email="jan@example.sk")

    move(NUMBER, winner)

    assert acts() == [
        ("account.phone_lost", f"user {loser}", {"phone": NUMBER}, {"phone": None}),
        ("account.phone", f"user {winner}", {"phone": "0908000002"}, {"phone": NUMBER}),
    ]
    [fact] = [each for each in list_facts(caplog) if each["event"] == "phone_taken_over"]
    assert (fact["user_id"], fact["from_user_id"]) == (winner, loser)


def test_what_is_no_number_or_nobodys_is_refused() -> None:
    user_id = make_reader()

    with pytest.raises(InvalidPhoneError):
        move("8877", user_id)
    with pytest.raises(UserNotFoundError):
        move("0908000009", 999)
    assert owners() == [(NUMBER, user_id)]


@pytest.mark.parametrize("held_by", [None, "somebody"])
def test_of_two_who_prove_one_number_at_once_one_has_it(app: Flask, held_by: str | None) -> None:
    if held_by:
        make_reader(email="before@example.sk")
    people = [make_reader(None, email=f"reader{number}@example.sk") for number in range(2)]
    start = threading.Barrier(2)

    def take(user_id: int) -> bool:
        with app.app_context():
            start.wait(10)
            try:
                move(NUMBER, user_id)
            except PhoneTakenError:
                return False
            return True

    with ThreadPoolExecutor(2) as threads:
        taken = list(threads.map(take, people))

    assert len(owners()) == 1
    assert owners()[0][1] in [user_id for user_id, is_taken in zip(people, taken, strict=True) if is_taken]


def test_since_when_a_number_is_theirs_is_known() -> None:
    user_id = make_reader()

    with transaction() as session:
        phone = find_phone_of(session, user_id)
        assert phone is not None
        assert phone.phone_number == NUMBER
        assert find_phone_of(session, 999) is None


def move(phone: str, user_id: int) -> None:
    with transaction() as session, acting(Actor(name="Eva", user_id=user_id)):
        move_phone(session, phone, user_id)


def owners() -> Sequence[tuple[str, int]]:
    return [(phone, user_id) for phone, user_id in read(MobilePhone.phone_number, MobilePhone.user_id)]


def acts() -> list[tuple[str, str, object, object]]:
    with transaction() as session:
        rows = session.execute(select(AuditEntry).order_by(AuditEntry.id)).scalars()
        return [(row.action, row.subject, row.before, row.after) for row in rows]


def sign_in(user_id: int, *, source: str) -> None:
    with transaction() as session:
        begin_session(session, get_user(session, user_id), kind=Kind.WEB, client=Client(source=source))


def a_code(name: str) -> tuple[int, str]:
    with transaction() as session:
        asked = ask_for_code(session, name, Client(ip="192.0.2.1"))
    with transaction() as session:
        issued = issue_code(session, asked)
    assert issued is not None
    return asked, issued.code
