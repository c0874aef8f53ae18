"""Finding people: by what staff have at hand, and page after page without a gap or a repeat."""

import pytest
from flask import Flask

from crm.core.db import transaction
from crm.core.keyset import Place
from crm.users.accounts import create_user
from crm.users.models import User
from crm.users.people import PeopleFilter, list_people
from crm.users.roles import Role

pytestmark = pytest.mark.usefixtures("people")
ANA, EVA, JAN, PERCENT = "Ana Čierna", "Eva Nováková", "Ján Novák", "100 % Eva"


@pytest.mark.parametrize(
    ("term", "found"),
    [
        ("nová", [JAN, EVA]),
        ("NOVAK", [JAN, EVA]),
        ("cierna", [ANA]),
        ("Evička", [EVA]),
        ("Evička Vydatá", [EVA]),
        ("  jan@example.sk ", [JAN]),
        ("JAN@", [JAN]),
        ("example.sk", [PERCENT, JAN, EVA, ANA]),
        ("0908 123 456", [EVA]),
        ("+421 908 123 456", [EVA]),
        ("00421908/123-456", [EVA]),
        ("0908\xa0123\xa0456", [EVA]),
        ("3456", [JAN, EVA]),
        ("123 456", [EVA]),
        ("456", [JAN, EVA]),
        ("56", []),
        ("0908 123 457", []),
        ("%", [PERCENT]),
        ("_", []),
        ("\\", []),
        ("' OR 1=1 --", []),
        ("a\0b", []),
        ("x" * 10_000, []),
        ("   ", [PERCENT, JAN, EVA, ANA]),
    ],
)
def test_people_are_found_by_a_name_an_e_mail_a_number_or_its_end(term: str, found: list[str]) -> None:
    assert _names(PeopleFilter(term=term)) == found


@pytest.mark.parametrize(
    ("label", "wanted", "found"),
    [
        ("role", PeopleFilter(role=Role.EDITOR), [JAN]),
        ("open accounts", PeopleFilter(active=True), [PERCENT, JAN, EVA]),
        ("closed accounts", PeopleFilter(active=False), [ANA]),
        ("both and a term", PeopleFilter(role=Role.CUSTOMER, active=True, term="eva"), [PERCENT, EVA]),
    ],
)
def test_people_are_listed_by_role_and_state(label: str, wanted: PeopleFilter, found: list[str]) -> None:
    assert _names(wanted) == found


@pytest.mark.parametrize("limit", [1, 2, 3, 4, 5])
def test_pages_go_there_and_back_without_a_gap(limit: int) -> None:
    there: list[str] = []
    back: list[str] = []
    place: Place | None = None
    with transaction() as session:
        while True:
            page = list_people(session, PeopleFilter(), limit=limit, after=place)
            there += [user.public_name for user in page.rows]
            if page.older is None:
                break
            place = page.older
        place = Place(page.rows[-1].created_at, page.rows[-1].id)
        while place is not None and len(back) < 4:
            page = list_people(session, PeopleFilter(), limit=limit, before=place)
            back = [user.public_name for user in page.rows] + back
            place = page.newer

    assert there == [PERCENT, JAN, EVA, ANA]
    assert list(dict.fromkeys(back))[:3] == [PERCENT, JAN, EVA]


def test_the_way_back_ends_with_a_whole_first_page() -> None:
    with transaction() as session:
        second = list_people(session, PeopleFilter(), limit=3).rows[1]
        page = list_people(session, PeopleFilter(), limit=3, before=Place(second.created_at, second.id))
        names = [user.public_name for user in page.rows]

    assert (names, page.newer, page.older is not None) == ([PERCENT, JAN, EVA], None, True)


def _names(wanted: PeopleFilter) -> list[str]:
    with transaction() as session:
        return [user.public_name for user in list_people(session, wanted, limit=10).rows]


@pytest.fixture
def people(app: Flask) -> None:
    """Add four people, of whom the last two are of one moment."""
    with transaction() as session:
        ana = _add(session, ANA, "ana@example.sk", None)
        ana.active = False
    with transaction() as session:
        eva = _add(session, EVA, "eva@example.sk", "0908123456")
        eva.first_name, eva.last_name = "Evička", "Vydatá"
    with transaction() as session:
        _add(session, JAN, "jan@example.sk", "0907023456").role = "editor"
        _add(session, PERCENT, "percent@example.sk", "0907000000")


def _add(session: object, name: str, email: str, phone: str | None) -> User:
    return create_user(session, email=email, phone=phone, public_name=name)  # type: ignore[arg-type]
