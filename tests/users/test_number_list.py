"""Finding numbers: by their end, by who has them, and whether anybody has."""

import pytest
from flask import Flask

from crm.core.db import transaction
from crm.core.keyset import read_page
from crm.users import number_list
from crm.users.accounts import create_user
from crm.users.models import KnownNumber
from crm.users.number_list import KEY, NumberFilter, find_numbers, read_owners
from crm.users.numbers import note_numbers
from crm.users.phones import link_phone
from tests.stored import read

pytestmark = pytest.mark.usefixtures("numbers")
EVA, JAN, NOBODYS, CZECH = "+421908123456", "+421907023456", "+421905000132", "+420908123456"


@pytest.mark.parametrize(
    ("term", "found"),
    [
        ("456", [CZECH, EVA, JAN]),
        ("3456", [CZECH, EVA, JAN]),
        ("123 456", [CZECH, EVA]),
        ("0 23456", [JAN]),
        ("0908 123 456", [EVA]),
        ("+421 908/123-456", [EVA]),
        ("132", [NOBODYS]),
        ("56", []),
        ("457", []),
        ("0908 123 457", []),
        ("nováková", [EVA]),
        ("NOVAK", [EVA, JAN]),
        ("evicka vydata", [EVA]),
        ("JAN@example", [JAN]),
        ("nobody", []),
        ("%", []),
        ("_", []),
        ("' OR 1=1 --", []),
        ("a\0b", []),
        ("x" * 10_000, []),
        ("  ", [CZECH, NOBODYS, EVA, JAN]),
    ],
)
def test_numbers_are_found_by_their_end_or_by_who_has_them(term: str, found: list[str]) -> None:
    assert find(NumberFilter(term=term)) == found


@pytest.mark.parametrize(
    ("label", "wanted", "found"),
    [
        ("linked", NumberFilter(linked=True), [EVA, JAN]),
        ("not linked, one of them like Eva's but abroad", NumberFilter(linked=False), [CZECH, NOBODYS]),
        ("both and an end", NumberFilter(linked=False, term="456"), [CZECH]),
        ("linked and an end", NumberFilter(linked=True, term="132"), []),
    ],
)
def test_numbers_are_listed_by_whether_somebody_has_them(
    label: str, wanted: NumberFilter, found: list[str]
) -> None:
    assert find(wanted) == found


def test_who_has_the_numbers_is_read_at_once() -> None:
    with transaction() as session:
        rows = session.execute(find_numbers(session, NumberFilter()).statement).scalars().all()
        owners = {row.number: owner for row in rows if (owner := read_owners(session, rows).get(row.id))}

        assert {number: owner.public_name for number, owner in owners.items()} == {
            EVA: "Eva Nováková",
            JAN: "Ján Novák",
        }


@pytest.mark.parametrize(("most", "is_cut", "found"), [(2, False, [EVA, JAN]), (1, True, [EVA])])
def test_of_too_many_people_the_newest_are_looked_at_and_it_is_told(
    monkeypatch: pytest.MonkeyPatch, most: int, is_cut: bool, found: list[str]
) -> None:
    monkeypatch.setattr(number_list, "MOST_PEOPLE", most)

    with transaction() as session:
        is_told = find_numbers(session, NumberFilter(term="example.sk")).is_cut

    assert is_told == is_cut
    assert find(NumberFilter(term="example.sk")) == found


def test_a_person_who_is_gone_is_not_looked_for() -> None:
    with transaction() as session:
        user = create_user(session, email="gone@example.sk", phone="0911000002")
        session.flush()
        user.deleted_at = user.created_at

    assert find(NumberFilter(term="gone@")) == []


def test_the_local_form_is_kept_of_slovak_numbers_only() -> None:
    assert dict(read(KnownNumber.number, KnownNumber.local)) == {
        EVA: "0908123456",
        JAN: "0907023456",
        NOBODYS: "0905000132",
        CZECH: None,
    }


def find(wanted: NumberFilter) -> list[str]:
    with transaction() as session:
        page = read_page(session, find_numbers(session, wanted).statement, KEY, limit=10)
        return [row.number for row in page.rows]


@pytest.fixture
def numbers(app: Flask) -> None:
    """Add four numbers, one after another, of whom two belong to people."""
    with transaction() as session:
        jan = create_user(session, email="jan@example.sk", public_name="Ján Novák")
        eva = create_user(session, email="eva@example.sk", public_name="Eva Nováková")
        eva.first_name, eva.last_name = "Evička", "Vydatá"
        people = {JAN: jan.id, EVA: eva.id}
    for number in (JAN, EVA, NOBODYS, CZECH):
        with transaction() as session:
            if number in people:
                link_phone(session, number, people[number])
            note_numbers(session, [number])
