"""The audit log in the browser: filtered by its address, exported as a file that no spreadsheet runs."""

import csv
from collections.abc import Mapping
from io import StringIO

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from crm.core.db import transaction
from crm.users.audit_log import Actor, acting, record_act
from crm.users.models import AuditEntry
from tests.pages import Form, Page
from tests.stored import read

LIST = "/admin/audit"


def test_signing_in_is_the_first_act_that_stands_there(staff: FlaskClient) -> None:
    assert "Signed in user 1" in Page(staff.get(LIST)).text


def test_a_view_without_acts_says_so(staff: FlaskClient) -> None:
    assert "No act matches" in Page(staff.get(f"{LIST}?subject=nobody")).text


def test_an_act_is_shown_with_who_what_before_after_reason_and_address(staff: FlaskClient) -> None:
    _act("user.edit", "user 17", before={"note": "a", "email": None}, after={"note": "b", "email": "e@f.sk"})

    page = Page(staff.get(LIST))

    for told in ("Jana", "Changed a person's details", "why", "192.0.2.7", "abcdef01"):
        assert told in page.text
    assert "note before: a after: b" in page.text
    assert "email after: e@f.sk" in page.text
    assert "/admin/users/17" in page.links


@pytest.mark.parametrize(
    ("query", "subjects"),
    [
        ("", ["user 3", "template pong", "user 1", "user 1"]),
        ("actor=7", ["user 3", "user 1"]),
        ("actor=0", ["template pong"]),
        ("action=user.role", ["user 3"]),
        ("subject=template+pong", ["template pong"]),
        ("subject=template", []),
        ("from=2020-01-01&to=2020-12-31", []),
        ("from=2020-01-01", ["user 3", "template pong", "user 1", "user 1"]),
    ],
)
def test_filters_stand_in_the_address(staff: FlaskClient, query: str, subjects: list[str]) -> None:
    _act("user.edit", "user 1")
    _act("template.save", "template pong", Actor(name="command line"))
    _act("user.role", "user 3")

    page = Page(staff.get(f"{LIST}?{query}"))

    assert [link for link in page.links if link.startswith(("/admin/users/", "/admin/templates/"))] == [
        f"/admin/{subject.replace('user ', 'users/').replace('template ', 'templates/')}"
        for subject in subjects
    ]


@pytest.mark.parametrize(
    "query",
    ["actor=Eva", "actor=-1", f"actor={2**70}", f"actor={'9' * 5000}", "action=user.eat", "from=soon", "to=2026-02-30",
     "subject=%00", "after=x", "before=" + "A" * 50],
)  # fmt: skip
def test_an_address_that_asks_for_nothing_says_so(staff: FlaskClient, query: str) -> None:
    page = Page(staff.get(f"{LIST}?{query}"))

    assert page.status == 400
    assert "This list cannot be shown" in page.text


def test_pages_go_there_and_back(staff: FlaskClient) -> None:
    for number in range(60):
        _act("user.edit", f"user {number}")

    first = Page(staff.get(f"{LIST}?actor=7"))
    older = Page(staff.get(LIST + next(link for link in first.links if "after=" in link)))
    newer = Page(staff.get(LIST + next(link for link in older.links if "before=" in link)))

    people = [
        [link for link in page.links if link.startswith("/admin/users/")] for page in (first, older, newer)
    ]
    assert [len(each) for each in people] == [50, 10, 50]
    assert people[0] == people[2]


def test_the_export_has_what_the_page_shows_and_is_an_act_itself(staff: FlaskClient) -> None:
    _act("user.edit", "user 1", after={"name": "=1+1"})
    _act("user.role", "user 2", before={"role": "customer"}, after={"role": "editor"})

    response = _export(staff, f"{LIST}?action=user.role")

    assert response.content_type == "text/csv; charset=utf-8"
    assert response.headers["Content-Disposition"].startswith('attachment; filename="audit-')
    [row] = csv.DictReader(StringIO(response.text))
    assert (row["actor"], row["action"], row["subject"]) == ("Jana", "user.role", "user 2")
    assert (row["before"], row["after"]) == ('{"role": "customer"}', '{"role": "editor"}')
    assert row["reason"] == "why"
    assert read(AuditEntry.action, AuditEntry.actor_id, order=AuditEntry.id)[-1] == ("audit.export", 1)
    assert read(AuditEntry.after, order=AuditEntry.id)[-1] == ({"filter": {"action": "user.role"}},)


def test_a_long_export_comes_in_pieces_and_whole(staff: FlaskClient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("crm.web.audit_pages.EXPORTED_AT_ONCE", 3)
    for number in range(8):
        _act("user.edit", f"user {number}")

    rows = list(csv.DictReader(StringIO(_export(staff, LIST).text)))

    assert [row["subject"] for row in rows] == [
        "audit log",
        *(f"user {number}" for number in range(7, -1, -1)),
        "user 1",  # who exports has signed in
    ]


def test_an_export_that_asks_for_nothing_is_no_act(staff: FlaskClient) -> None:
    _act("user.edit", "user 1")
    form = _export_form(staff, LIST)

    response = staff.post(f"{LIST}/export?from=soon", data=form.fields)

    assert response.status_code == 400
    assert len(read(AuditEntry.id)) == 1


def test_a_reason_that_is_a_formula_is_text_in_the_export(staff: FlaskClient) -> None:
    _act("user.edit", "user 1", reason='=HYPERLINK("http://evil.example","x")')

    [_, row, _] = csv.DictReader(StringIO(_export(staff, LIST).text))

    assert row["reason"].startswith("'=HYPERLINK")


def test_what_was_written_is_shown_and_nothing_more(staff: FlaskClient) -> None:
    _act("user.edit", "user 1", after={"note": "<script>alert(1)</script>"}, reason="{{ 7*7 }}<b>")

    page = Page(staff.get(f"{LIST}?subject=user+1"))

    assert "<script>alert" in page.text
    assert "{{ 7*7 }}<b>" in page.text


def _act(
    action: str,
    subject: str,
    actor: Actor | None = None,
    *,
    before: Mapping[str, object] | None = None,
    after: Mapping[str, object] | None = None,
    reason: str = "why",
) -> None:
    jana = Actor(name="Jana", user_id=7, ip="192.0.2.7", request_id="abcdef0123456789")
    with acting(actor or jana), transaction() as session:
        record_act(session, action, subject, before=before, after=after, reason=reason)


def _export_form(client: FlaskClient, address: str) -> Form:
    return next(form for form in Page(client.get(address)).forms if "/export" in form.action)


def _export(client: FlaskClient, address: str) -> TestResponse:
    form = _export_form(client, address)
    return client.post(form.action, data=form.fields)
