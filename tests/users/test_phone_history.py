"""Whose a number was stays known: since when, until when, by whom and why."""

import pytest
from sqlalchemy import delete

from crm.audit import run_audit
from crm.core.db import transaction
from crm.users import administration
from crm.users.accounts import create_user, get_user
from crm.users.audit_log import Actor, acting
from crm.users.models import MobilePhone, PhoneLink
from crm.users.phone_history import (
    ACCOUNT_HOLDER,
    ANOTHER_PERSON,
    CHANGED,
    PROVED,
    PROVED_BY_ANOTHER,
    list_links,
)
from crm.users.phones import link_phone, move_phone
from crm.users.registration import Registration, register
from tests.conftest import Clock
from tests.factories.codes import make_reader
from tests.factories.users import make_user
from tests.stored import read

pytestmark = pytest.mark.usefixtures("app")
NUMBER, OTHER = "0908630549", "0908000002"
SAMUEL = Actor(name="Samuel Baláž", user_id=99)


def test_a_link_is_noted_with_who_made_it_and_why() -> None:
    user_id = make_user(role="customer")

    link(user_id)

    assert history() == [(NUMBER, user_id, "Samuel Baláž", "asked by mail", "", "")]
    assert ends() == [False]


def test_the_same_link_again_is_no_other_one() -> None:
    user_id = make_user(role="customer")

    link(user_id)
    link(user_id)

    assert len(history()) == 1


def test_an_unlink_ends_it_with_who_did_it_and_why(clock: Clock) -> None:
    user_id = make_user(role="customer")
    link(user_id)

    unlink(user_id)

    assert history() == [(NUMBER, user_id, "Samuel Baláž", "asked by mail", "Samuel Baláž", "recycled")]
    assert ends() == [True]


def test_a_number_that_comes_back_is_another_time() -> None:
    user_id = make_user(role="customer")

    link(user_id)
    unlink(user_id)
    link(user_id)

    assert ends() == [True, False]


def test_who_proves_a_number_has_it_from_then_on_and_leaves_the_one_before() -> None:
    user_id = make_reader(OTHER)

    move(user_id)

    assert history() == [
        (OTHER, user_id, "", "", ACCOUNT_HOLDER, CHANGED),
        (NUMBER, user_id, ACCOUNT_HOLDER, PROVED, "", ""),
    ]


def test_who_loses_a_number_to_another_has_had_it_until_then() -> None:
    loser, winner = make_reader(NUMBER), make_reader(None, email="jan@example.sk")

    move(winner)

    assert history() == [
        (NUMBER, loser, "", "", ANOTHER_PERSON, PROVED_BY_ANOTHER),
        (NUMBER, winner, ACCOUNT_HOLDER, PROVED, "", ""),
    ]


def test_proving_ones_own_number_again_is_no_other_time() -> None:
    user_id = make_reader(NUMBER)

    move(user_id)

    assert history() == [(NUMBER, user_id, "", "", "", "")]


@pytest.mark.parametrize("way", ["a new account", "registration", "an account that waited"])
def test_whoever_begins_with_a_number_has_a_history(way: str) -> None:
    with acting(Actor(name="API token shop")), transaction() as session:
        if way == "a new account":
            user_id = create_user(session, phone=NUMBER).id
        elif way == "registration":
            user_id = register(session, Registration(phone=NUMBER)).id
        else:
            register(session, Registration(email="eva@example.sk", is_unclaimed=True))
            user_id = register(session, Registration(email="eva@example.sk", phone=NUMBER)).id

    assert history() == [(NUMBER, user_id, "API token shop", "", "", "")]


def test_the_newest_stands_first() -> None:
    first, second = make_user(role="customer"), make_user(role="customer")
    link(first)
    unlink(first)
    link(second)

    with transaction() as session:
        assert [each.user_id for each in list_links(session, NUMBER)] == [second, first]
        assert [each.user_id for each in list_links(session, NUMBER, limit=1)] == [second]


@pytest.mark.parametrize("table", [MobilePhone, PhoneLink])
def test_the_audit_finds_a_number_that_stands_on_one_side_only(
    table: type[MobilePhone] | type[PhoneLink],
) -> None:
    link(make_user(role="customer"))
    assert broken() == []

    with transaction() as session:
        session.execute(delete(table))

    assert broken() == ["phone_history"]


def test_the_audit_finds_a_history_that_names_another_person() -> None:
    user_id, other = make_user(role="customer"), make_user(role="customer")
    link(user_id)

    with transaction() as session:
        session.get_one(PhoneLink, 1).user_id = other

    assert broken() == ["phone_history"]


def test_the_audit_is_content_with_what_ended() -> None:
    user_id = make_user(role="customer")
    link(user_id)
    unlink(user_id)

    assert broken() == []


def link(user_id: int) -> None:
    with acting(SAMUEL), transaction() as session:
        link_phone(session, NUMBER, user_id, reason="asked by mail")


def unlink(user_id: int) -> None:
    with acting(SAMUEL), transaction() as session:
        user = get_user(session, user_id)
        administration.unlink_number(session, user, by_role="support", reason="recycled")


def move(user_id: int) -> None:
    with acting(Actor(name="Eva", user_id=user_id)), transaction() as session:
        move_phone(session, NUMBER, user_id)


def history() -> list[tuple[object, ...]]:
    columns = (PhoneLink.phone_number, PhoneLink.user_id, PhoneLink.linked_by, PhoneLink.link_reason)
    return read(*columns, PhoneLink.unlinked_by, PhoneLink.unlink_reason, order=PhoneLink.id)


def ends() -> list[bool]:
    return [until is not None for (until,) in read(PhoneLink.until, order=PhoneLink.id)]


def broken() -> list[str]:
    with transaction() as session:
        return [finding.invariant.name for finding in run_audit(session)]
