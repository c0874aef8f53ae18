"""Ours and the old system compared: the page, and the rows that a dry run keeps for it."""

import re

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import text

from crm.core.db import transaction
from crm.importer.examples import read_example
from crm.importer.housekeeping import forget_old_imports
from crm.importer.models import ImportDifference, ImportRun
from tests.factories.import_files import inbound_file, inbound_line
from tests.factories.imports import import_text
from tests.pages import Page
from tests.stored import read

COMPARE = "/admin/imports/compare"
MESSAGES = "inbound-messages"
FILE = inbound_file([inbound_line(number) for number in range(3)])
CHANGED = inbound_file(
    [
        inbound_line(0),
        inbound_line(1, content="Iné slovo", operator_type="T"),
        inbound_line(2),
        inbound_line(3),
    ]
)


def line_of(page: Page, title: str) -> str:
    """Return what the page says of an entity: all up to its state."""
    told = page.text.rpartition(title)[2]
    found = re.match(".*?(Same|Differs|Not compared)", told)
    assert found is not None, told
    return found[0]


def compare(client: FlaskClient) -> str:
    return line_of(Page(client.get(COMPARE)), "Messages from readers")


def test_what_no_dry_run_has_seen_is_not_compared(staff: FlaskClient) -> None:
    import_text(MESSAGES, FILE)

    assert compare(staff).endswith("Not compared")


def test_an_export_that_would_change_nothing_is_the_same(staff: FlaskClient) -> None:
    import_text(MESSAGES, FILE)
    import_text(MESSAGES, FILE, dry=True)

    told = compare(staff)

    assert "In the file 3 Here 3" in told
    assert told.endswith("Same")


def test_what_is_new_or_another_differs_and_leads_to_the_rows(staff: FlaskClient) -> None:
    import_text(MESSAGES, FILE)
    run = import_text(MESSAGES, CHANGED, dry=True)

    told = compare(staff)
    page = Page(staff.get(f"/admin/imports/{run.id}")).text

    assert "1 is not here, 1 has other values here" in told
    assert told.endswith("Differs")
    assert "Line 3 Has other values here content, operator_type" in page
    assert "Line 5 Not here" in page


def test_what_is_only_here_differs(staff: FlaskClient) -> None:
    import_text(MESSAGES, FILE)
    import_text(MESSAGES, inbound_file([inbound_line(0)]), dry=True)

    told = compare(staff)

    assert "In the file 1 Here 3" in told
    assert "2 are here alone" in told
    assert told.endswith("Differs")


def test_of_templates_more_may_be_here(staff: FlaskClient) -> None:
    import_text("templates", read_example("templates"))
    import_text("templates", read_example("templates"), dry=True)
    with transaction() as session:
        session.execute(text("UPDATE imports SET rows_here = rows_here + 7"))

    assert line_of(Page(staff.get(COMPARE)), "SMS templates").endswith("Same")


def test_an_import_makes_an_older_dry_run_count_no_more(staff: FlaskClient) -> None:
    import_text(MESSAGES, FILE, dry=True)
    import_text(MESSAGES, FILE)

    assert compare(staff).endswith("Not compared")


def test_of_many_rows_the_first_of_each_sort_are_kept(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("crm.importer.differences.KEPT", 2)
    import_text(MESSAGES, FILE)

    lines = [inbound_line(number, content="Iné") for number in range(3)]
    lines += [inbound_line(number) for number in range(10, 14)]
    import_text(MESSAGES, inbound_file(lines), dry=True, batch_rows=1)

    assert sorted(read(ImportDifference.line)) == [(2,), (3,), (5,), (6,)]


def test_an_import_for_real_keeps_no_rows_beside_those_it_writes(app: Flask) -> None:
    import_text(MESSAGES, FILE)
    import_text(MESSAGES, CHANGED)

    assert read(ImportDifference.line) == []
    assert read(ImportRun.rows_here) == [(None,), (None,)]


def test_of_compared_people_no_hash_of_a_password_is_kept_or_shown(staff: FlaskClient) -> None:
    hashed = "$2y$10$BmqrX53ewHYpWtQb3IQh5.CkRsMFTb0KLJKAfaIGSN0n2N9jUHGhK"
    file = f"id,email,password,old_password,public_name\n77,eva@example.com,{hashed},{hashed},Eva\n"

    run = import_text("users", file, dry=True, mapping={"old_password": ""})
    page = Page(staff.get(f"/admin/imports/{run.id}"))

    assert read(ImportDifference.cells) == [(["77", "eva@example.com", "", "", "Eva"],)]
    assert "Line 2 Not here 77, eva@example.com, Eva" in page.text
    assert hashed not in page.text


def test_compared_rows_name_people_and_are_forgotten(app: Flask) -> None:
    import_text(MESSAGES, FILE, dry=True)
    with transaction() as session:
        session.execute(text("UPDATE imports SET created_at = created_at - interval '91 days'"))

    forget_old_imports()

    assert read(ImportDifference.line) == []
    assert len(read(ImportRun.id)) == 1
