"""A number belongs to one person, and a person has one number. Source: behaviour.md 8.2."""

from datetime import UTC, datetime

import pytest
from flask import Flask
from sqlalchemy import select
from sqlalchemy.orm import Session

from crm.audit.running import run_audit
from crm.core.db import transaction
from crm.importer.examples import read_example
from crm.users.accounts import create_user
from crm.users.models import KnownNumber, MobilePhone, PhoneLink, User
from crm.users.phones import link_phone, move_phone, unlink_phone
from tests.factories.imports import (
    change_cell,
    counts_of,
    faults_by_line,
    import_examples,
    import_text,
    refusals_of,
)

ENTITY = "phone-numbers"
EXAMPLE = read_example(ENTITY)
HEADER = "phone_number,user_external_id\n"


@pytest.fixture(autouse=True)
def _people(app: Flask) -> None:
    import_examples("users")


def owners() -> dict[str, str | None]:
    with transaction() as session:
        found = select(MobilePhone.phone_number, User.external_id).join(User, User.id == MobilePhone.user_id)
        return {row[0]: row[1] for row in session.execute(found)}


def user_id(session: Session, external_id: str) -> int:
    return session.execute(select(User.id).where(User.external_id == external_id)).scalar_one()


def test_a_number_comes_in_with_its_owner_and_since_when(app: Flask) -> None:
    run = import_text(ENTITY, EXAMPLE)

    assert counts_of(run) == (3, 0, 0, 0)
    assert owners() == {"0908300101": "101", "0908300102": "102", "0908300103": "103"}
    with transaction() as session:
        link = session.execute(select(PhoneLink).where(PhoneLink.phone_number == "0908300101")).scalar_one()
        assert (link.since, link.until) == (datetime(2024, 3, 1, 8, tzinfo=UTC), None)
        assert (link.linked_by, link.link_reason) == ("", "Imported")
        assert "+421908300101" in session.execute(select(KnownNumber.number)).scalars().all()


def test_the_history_of_numbers_is_whole(app: Flask) -> None:
    import_text(ENTITY, EXAMPLE)

    with transaction() as session:
        assert run_audit(session) == []


@pytest.mark.parametrize("spelling", ["+421908300101", "00421 908 300 101", "0908/300 101"])
def test_any_spelling_of_a_number_is_read(spelling: str) -> None:
    import_text(ENTITY, f"{HEADER}{spelling},101\n")

    assert owners() == {"0908300101": "101"}


def test_the_owner_may_be_named_by_e_mail() -> None:
    import_text(ENTITY, "phone_number,user_email\n0908300101,Eva.Nova@example.com\n")

    assert owners() == {"0908300101": "101"}


def test_the_same_file_again_changes_nothing() -> None:
    import_text(ENTITY, EXAMPLE)

    assert counts_of(import_text(ENTITY, EXAMPLE)) == (0, 0, 3, 0)


def test_a_number_of_somebody_else_is_refused_without_their_name() -> None:
    with transaction() as session:
        other = create_user(session, phone="0908300101", public_name="Somebody Else").id

    run = import_text(ENTITY, EXAMPLE)

    assert refusals_of(run) == [(2, "phone_number", "number_taken")]
    (fault,) = faults_by_line(run)[2]
    assert "Somebody" not in str(fault) and str(other) not in str(fault)


def test_a_second_number_of_a_person_is_refused_without_the_first() -> None:
    with transaction() as session:
        link_phone(session, "0908999999", user_id(session, "101"))

    run = import_text(ENTITY, EXAMPLE)

    assert refusals_of(run) == [(2, "user_external_id", "user_has_number")]
    assert "0908999999" not in str(faults_by_line(run)[2])


def test_a_pair_that_was_parted_here_stays_parted() -> None:
    import_text(ENTITY, EXAMPLE)
    with transaction() as session:
        unlink_phone(session, user_id(session, "101"))
        move_phone(session, "0908300102", create_user(session, email="new@example.sk").id)

    run = import_text(ENTITY, EXAMPLE)

    assert counts_of(run) == (0, 0, 3, 0)
    assert owners() == {"0908300102": None, "0908300103": "103"}


FAULTS = {
    "no number": ("phone_number", "", "missing"),
    "a number of another country": ("phone_number", "+420602123456", "phone"),
    "a landline": ("phone_number", "0255512345", "phone"),
    "a digit too many": ("phone_number", "09083001011", "phone"),
    "no owner": ("user_external_id", "", "missing"),
    "an unknown owner": ("user_external_id", "999", "unknown_user"),
    "a day that is none": ("created_at", "yesterday", "date"),
}


@pytest.mark.parametrize(("column", "value", "code"), FAULTS.values(), ids=FAULTS)
@pytest.mark.parametrize("dry", [True, False], ids=["dry", "real"])
def test_a_wrong_cell_is_refused_with_its_place(column: str, value: str, code: str, dry: bool) -> None:
    run = import_text(ENTITY, change_cell(EXAMPLE, 2, column, value), dry=dry)

    assert counts_of(run) == (2, 0, 0, 1)
    assert refusals_of(run) == [(2, column, code)]


def test_an_id_and_an_e_mail_of_two_people_are_refused() -> None:
    run = import_text(
        ENTITY, "phone_number,user_external_id,user_email\n0908300101,101,jan.kral@example.com\n"
    )

    assert refusals_of(run) == [(2, "user_external_id", "user_differs")]


HARD = """phone_number,user_external_id,created_at
0908300101,101,2024-03-01
0908300101,101,2024-03-01
+421908300101,101,2024-03-02
0908300101,102,2024-03-01
0908300109,101,2024-03-01
0908300102,102,
0908300104,104,
0908300103,103,
0908300199,103,
"""


@pytest.mark.parametrize("batch_rows", [1, 2, 5000])
def test_a_dry_run_counts_as_the_real_one_whatever_the_batches(batch_rows: int) -> None:
    with transaction() as session:
        link_phone(session, "0908300103", user_id(session, "103"))

    dry = import_text(ENTITY, HARD, dry=True, batch_rows=batch_rows)
    assert owners() == {"0908300103": "103"}
    real = import_text(ENTITY, HARD, batch_rows=batch_rows)

    assert counts_of(dry) == counts_of(real) == (2, 0, 3, 4)
    assert [line for line, _, _ in refusals_of(dry)] == [line for line, _, _ in refusals_of(real)]
