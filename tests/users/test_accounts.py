"""People: made with an e-mail or a number, found however they are spelled, confirmed once."""

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from argon2 import PasswordHasher
from flask import Flask
from sqlalchemy.exc import IntegrityError

from crm.core.db import transaction
from crm.core.errors import CrmError
from crm.core.phone import InvalidPhoneError
from crm.users import passwords
from crm.users.accounts import create_user, get_user
from crm.users.errors import EmailTakenError, InvalidUserError, PhoneTakenError, UserNotFoundError
from crm.users.models import MobilePhone, User
from crm.users.passwords import verify_password
from crm.users.phones import find_phones_of, link_phone
from crm.users.queries import find_by_email
from tests.stored import read

pytestmark = pytest.mark.usefixtures("app")


def test_a_person_with_an_email() -> None:
    user_id = make(email=" Eva@Example.sk ", password="a long password")

    with transaction() as session:
        user = get_user(session, user_id)
        assert (user.email, user.public_name, user.role) == ("Eva@Example.sk", "Eva@Example.sk", "customer")
        assert (user.active, user.confirmed_at) == (True, None)
        assert verify_password("a long password", user.password)


def test_a_person_with_a_number_only_is_called_by_it() -> None:
    user_id = make(phone="+421 908 123 456")

    assert read(User.email, User.public_name) == [(None, "0908123456")]
    assert read(MobilePhone.phone_number, MobilePhone.user_id) == [("0908123456", user_id)]


def test_without_a_password_none_fits() -> None:
    make(email="eva@example.sk")

    [(hashed,)] = read(User.password)
    assert not any(verify_password(guess, hashed) for guess in ("", "!", hashed))


REFUSED: list[tuple[dict[str, str], type[CrmError]]] = [
    ({}, InvalidUserError),
    ({"email": "", "phone": ""}, InvalidUserError),
    ({"email": "eva"}, InvalidUserError),
    ({"email": "eva@"}, InvalidUserError),
    ({"email": "@example.sk"}, InvalidUserError),
    ({"email": "eva@example"}, InvalidUserError),
    ({"email": "eva @example.sk"}, InvalidUserError),
    ({"email": "eva\n@example.sk"}, InvalidUserError),
    ({"email": "eva\x00@example.sk"}, InvalidUserError),
    ({"email": "e" * 250 + "@example.sk"}, InvalidUserError),
    ({"email": "eva@example.sk", "role": "user"}, InvalidUserError),
    ({"email": "eva@example.sk", "role": "Admin"}, InvalidUserError),
    ({"email": "eva@example.sk", "password": "short"}, InvalidUserError),
    ({"email": "eva@example.sk", "password": "x" * 257}, InvalidUserError),
    ({"phone": "+420908123456"}, InvalidPhoneError),
    ({"phone": "8877"}, InvalidPhoneError),
    ({"email": "TAKEN@example.sk"}, EmailTakenError),
    ({"phone": "00421908000001"}, PhoneTakenError),
]


@pytest.mark.parametrize(("fields", "error"), REFUSED, ids=[str(row[0])[:60] for row in REFUSED])
def test_who_cannot_be_made_is_refused_and_nothing_is_left(
    fields: dict[str, str], error: type[CrmError]
) -> None:
    make(email="taken@example.sk", phone="0908000001")

    with pytest.raises(error):
        make(**fields)

    assert len(read(User.id)) == 1
    assert len(read(MobilePhone.id)) == 1


def test_an_email_is_found_however_it_is_capitalised() -> None:
    user_id = make(email="Eva@Example.sk")

    with transaction() as session:
        found = [
            find_by_email(session, text) for text in ("eva@example.sk", " EVA@EXAMPLE.SK ", "eva@example.cz")
        ]
        assert [user.id if user else None for user in found] == [user_id, user_id, None]


def test_of_two_who_take_one_email_at_once_one_is_refused(app: Flask) -> None:
    start = threading.Barrier(2)

    def take(email: str) -> str:
        with app.app_context():
            start.wait(10)
            try:
                make(email=email)
            except EmailTakenError:
                return "refused"
            return "made"

    with ThreadPoolExecutor(2) as threads:
        assert sorted(threads.map(take, ["eva@example.sk", "EVA@example.sk"])) == ["made", "refused"]


def test_nobody_is_told_apart() -> None:
    with pytest.raises(UserNotFoundError, match="7"), transaction() as session:
        get_user(session, 7)


# --- numbers


def test_a_number_is_linked_in_any_spelling_and_the_same_again_changes_nothing() -> None:
    user_id = make(email="eva@example.sk")

    for spelling in ("0908 123 456", "+421908123456", "00421 908/123456"):
        with transaction() as session:
            assert link_phone(session, spelling, user_id).phone_number == "0908123456"

    assert read(MobilePhone.phone_number, MobilePhone.user_id) == [("0908123456", user_id)]


@pytest.mark.parametrize(
    ("phone", "whose", "error"),
    [
        ("0908000001", "second", PhoneTakenError),
        ("0908000002", "first", PhoneTakenError),
        ("0908000003", "nobody", UserNotFoundError),
        ("908000003", "second", InvalidPhoneError),
    ],
    ids=["number taken", "person has one", "no such person", "no number"],
)
def test_a_link_that_cannot_be_is_refused(phone: str, whose: str, error: type[CrmError]) -> None:
    people = {"first": make(phone="0908000001"), "second": make(email="eva@example.sk"), "nobody": 999}

    with pytest.raises(error), transaction() as session:
        link_phone(session, phone, people[whose])

    assert read(MobilePhone.phone_number) == [("0908000001",)]


def test_the_database_itself_keeps_numbers_in_one_form() -> None:
    user_id = make(email="eva@example.sk")

    with pytest.raises(IntegrityError), transaction() as session:
        session.add(MobilePhone(phone_number="+421908123456", user_id=user_id))


def test_numbers_of_many_people_are_found_at_once() -> None:
    first, second, third = make(phone="0908000001"), make(email="eva@example.sk"), make(phone="0908000003")

    with transaction() as session:
        assert find_phones_of(session, [first, second, third]) == {first: "0908000001", third: "0908000003"}


def make(**fields: str) -> int:
    with transaction() as session:
        user = create_user(session, **fields)  # type: ignore[arg-type]
        session.flush()
        return user.id


@pytest.fixture(autouse=True)
def _cheap(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody attacks a test: hash cheaply."""
    monkeypatch.setattr(passwords, "_hasher", PasswordHasher(time_cost=1, memory_cost=8, parallelism=1))
