"""The list of messages as a file: the whole view, in order, streamed, and safe to open in a spreadsheet."""

import csv
from io import StringIO
from itertools import islice
from typing import Any

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from crm.core.db import transaction
from crm.mobiletech import message_log
from crm.mobiletech.search.keeping import keep_inbound_messages
from crm.users.models import AuditEntry
from crm.users.numbers import note_numbers
from crm.web import message_export
from tests.factories.log import NUMBER, make_inbound, make_not_sent, make_outbound
from tests.pages import Page
from tests.stored import read

LIST = "/admin/messages"


def test_the_file_has_what_the_view_has_with_whole_texts_and_numbers(staff: FlaskClient) -> None:
    inbound = make_inbound(content="Žiadam " * 100, mobiletech_id="25")
    make_outbound(rcv_msg_id="25", content="Ďakujeme", template_version=3, mobiletech_id="mt-1")
    refusal = make_not_sent(to=None)

    response = _export(staff)
    rows = _rows(response)

    assert response.content_type == "text/csv; charset=utf-8"
    assert response.headers["Content-Disposition"].startswith('attachment; filename="messages-20')
    assert [(row["kind"], row["state"]) for row in rows] == [
        ("not_sent", "not_sent"),
        ("outbound", "billed"),
        ("inbound", "answered"),
    ]
    assert (rows[0]["id"], rows[0]["number"], rows[0]["reason"]) == (str(refusal), "", "no_template")
    assert (rows[1]["text"], rows[1]["version"], rows[1]["code"]) == ("Ďakujeme", "3", "D1")
    assert (rows[2]["id"], rows[2]["text"]) == (str(inbound), "Žiadam " * 100)
    assert rows[2]["number"] == f"'{NUMBER}"  # a spreadsheet would add it up
    assert rows[2]["created_at"].startswith("2026-11-20T09:")  # the newsroom's clock


def test_only_what_is_asked_for_is_in_the_file(staff: FlaskClient) -> None:
    make_inbound()
    unknown = make_outbound(state="unknown", billing="none")

    rows = _rows(_export(staff, "?state=unknown"))

    assert [row["id"] for row in rows] == [str(unknown)]


def test_a_long_file_comes_in_pieces_and_whole(staff: FlaskClient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(message_export, "EXPORTED_AT_ONCE", 3)
    monkeypatch.setattr(message_log, "SCANNED", 4)
    ids = [make_outbound(operator_type="OT"[number % 2]) for number in range(20)]

    everything, orange = _rows(_export(staff)), _rows(_export(staff, "?operator=O"))

    assert [int(row["id"]) for row in everything] == ids[::-1]
    assert [int(row["id"]) for row in orange] == ids[::-1][1::2]


def test_the_first_lines_are_out_before_the_last_rows_are_read(
    staff: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(message_export, "EXPORTED_AT_ONCE", 2)
    pieces = _count_calls(monkeypatch, "read_rows")
    for number in range(10):
        make_inbound(content=f"text {number}")

    body = iter(_export(staff, buffered=False).response)
    head, first = islice(body, 2)

    assert head.startswith(b"created_at,kind,id")  # type: ignore[union-attr]
    assert b"text 9" in first and b"text 7" not in first  # type: ignore[operator]
    assert len(pieces) == 1
    assert len(b"".join(body).splitlines()) == 8  # type: ignore[arg-type]
    assert len(pieces) == 5


def test_what_comes_while_it_is_written_is_not_in_it(
    staff: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(message_export, "EXPORTED_AT_ONCE", 2)
    ids = [make_inbound() for _ in range(6)]

    body = iter(_export(staff, buffered=False).response)
    begun = b"".join(islice(body, 2))  # type: ignore[arg-type]
    make_inbound()
    rest = b"".join(body)  # type: ignore[arg-type]

    rows = csv.DictReader(StringIO((begun + rest).decode()))
    assert [int(row["id"]) for row in rows] == ids[::-1]


def test_the_text_of_a_code_is_in_no_file(staff: FlaskClient) -> None:
    make_outbound(content="Vas kod je 123456", is_secret=True)

    response = _export(staff)

    assert "123456" not in response.text
    assert _rows(response)[0]["text"] == ""


@pytest.mark.parametrize(
    "content", ['=HYPERLINK("http://evil.example")', "+1", "-1", "@SUM(A1)", "\t=1", "＝1"]
)
def test_an_sms_that_is_a_formula_is_text_in_the_file(staff: FlaskClient, content: str) -> None:
    make_inbound(content=content)

    assert _rows(_export(staff))[0]["text"] == f"'{content}"


def test_that_somebody_took_it_is_an_act_with_the_filters(staff: FlaskClient) -> None:
    make_outbound()

    _export(staff, "?direction=out&code=D1")

    [(action, after, actor)] = read(AuditEntry.action, AuditEntry.after, AuditEntry.actor_id)
    assert (action, actor) == ("messages.export", 1)
    assert after == {"filter": {"direction": "out", "code": "D1"}}


def test_the_act_says_what_was_searched_for_but_no_whole_number(staff: FlaskClient) -> None:
    inbound = make_inbound(content="volajte 0905 123 456")
    with transaction() as session:
        keep_inbound_messages(session, [inbound])
        note_numbers(session, [NUMBER])

    for term in ("630549", "volajte 0905 123 456 hned"):
        form = Page(staff.get(LIST)).form("/admin/search")
        found = staff.post(form.action, data=form.fields | {"term": term}).location.removeprefix(LIST)
        token = Page(staff.get(LIST)).form("/admin/search").fields["csrf_token"]
        staff.post(f"{LIST}/export{found}", data={"csrf_token": token})

    assert read(AuditEntry.after, order=AuditEntry.id) == [
        ({"filter": {"q": "630549"}},),
        ({"filter": {"q": "volajte 0905***456 hned"}},),
    ]


def test_a_view_that_cannot_be_shown_is_no_file_and_no_act(staff: FlaskClient) -> None:
    make_inbound()
    form = _form(staff, "")

    response = staff.post(f"{LIST}/export?state=nonsense", data=form)

    assert response.status_code == 400
    assert "is none of queued" in Page(response).text
    assert read(AuditEntry.id) == []


def test_there_is_nothing_to_export_from_an_empty_list(staff: FlaskClient) -> None:
    page = Page(staff.get(LIST))

    assert [form for form in page.forms if "/export" in form.action] == []


def _form(client: FlaskClient, query: str) -> dict[str, str]:
    page = Page(client.get(f"{LIST}{query}"))
    return next(form.fields for form in page.forms if "/export" in form.action)


def _export(client: FlaskClient, query: str = "", *, buffered: bool = True) -> TestResponse:
    page = Page(client.get(f"{LIST}{query}"))
    form = next(form for form in page.forms if "/export" in form.action)
    return client.post(form.action, data=form.fields, buffered=buffered)


def _rows(response: TestResponse) -> list[dict[str, Any]]:
    return list(csv.DictReader(StringIO(response.text)))


def _count_calls(monkeypatch: pytest.MonkeyPatch, name: str) -> list[object]:
    """Return a list that grows by one with each call of the module's function."""
    calls: list[object] = []
    real = getattr(message_export, name)

    def counted(*args: Any, **kwargs: Any) -> Any:
        calls.append(args)
        return real(*args, **kwargs)

    monkeypatch.setattr(message_export, name, counted)
    return calls
