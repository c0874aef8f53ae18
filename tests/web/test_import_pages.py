"""The page of imports: a file is taken or refused with the reason, and the history says what became of each."""

import gzip
from io import BytesIO
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import func, select
from werkzeug.test import TestResponse

from crm.core.db import transaction
from crm.importer import uploads
from crm.importer.kinds import DATES
from crm.importer.models import ImportChunk, ImportFile
from crm.web import import_upload_limit
from tests.factories.uploaded import HEADER, begin_dry, dry_run, import_upload, rows_of
from tests.factories.users import make_user
from tests.pages import Page, sign_in
from tests.stored import read

LIST = "/admin/imports"


def send(client: FlaskClient, content: bytes, *, name: str = "inbound.csv", **values: Any) -> TestResponse:
    """Fill in the form and send it."""
    form = Page(client.get(LIST)).form(LIST)
    given = form.fields | {"entity": "inbound-messages", "file": (BytesIO(content), name)} | values
    return client.post(LIST, data=given, content_type="multipart/form-data")


def count_files() -> int:
    with transaction() as session:
        return session.execute(select(func.count()).select_from(ImportFile)).scalar_one()


def test_the_page_teaches_before_anything_was_imported(staff: FlaskClient) -> None:
    page = Page(staff.get(LIST))

    assert "Nothing was imported yet" in page.text
    assert "Nothing imported sends an SMS." in page.text
    assert "/admin/imports/entities/inbound-messages" in page.links


def test_an_upload_goes_on_to_the_columns(staff: FlaskClient) -> None:
    answer = send(staff, rows_of(good=2).encode())

    assert (answer.status_code, answer.location) == (302, "/admin/imports/files/1")
    stored = read(ImportFile.name, ImportFile.entity, ImportFile.encoding, ImportFile.uploaded_by)
    assert stored == [("inbound.csv", "inbound-messages", "utf-8", 1)]


def test_a_packed_file_is_kept_unpacked_in_pieces(
    staff: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(uploads, "CHUNK", 100)
    content = rows_of(good=20).encode()

    send(staff, gzip.compress(content), name="inbound.csv.gz")

    with transaction() as session:
        pieces = session.execute(select(ImportChunk.content).order_by(ImportChunk.number)).scalars().all()
    assert b"".join(pieces) == content
    assert {len(piece) for piece in pieces[:-1]} == {100}


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"", "The file is empty."),
        (b"PK\x03\x04rest", "This is a ZIP or Excel file: save the sheet as CSV."),
        (f"{HEADER}\nin-1,\0".encode(), "Line 2 has a NUL byte in it"),
        (b"a" * (1024 * 1024 + 1), "Line 1 is longer than"),
        (gzip.compress(b"mobiletech_id\n" * 4_000_000), "this is no list of rows"),
        (gzip.compress(rows_of(good=9).encode())[:-20], "it was cut off on its way"),
        (b"\n\n", "The file has no rows."),
        (
            rows_of(good=2).split("\n", 1)[1].encode(),
            "The first line must name the columns. Those of inbound-m",
        ),
        (b"<!DOCTYPE html>\n<html><body>Sign in</body></html>\n", "The first line must name the columns."),
        (",".join(map(str, range(300))).encode(), "more than 200 columns"),
    ],
    ids=["empty", "excel", "nul", "long line", "bomb", "cut", "no rows", "no header", "a page", "columns"],
)
def test_what_is_no_list_of_rows_is_refused_and_nothing_stays(
    staff: FlaskClient, content: bytes, sentence: str
) -> None:
    page = Page(send(staff, content))

    assert page.status == 422
    assert "The file was not taken File: " in page.text
    assert sentence in page.text
    assert count_files() == 0


def test_columns_of_another_language_are_taken_to_be_chosen(staff: FlaskClient) -> None:
    answer = send(staff, "Číslo;Text správy (SMS);_id\n0908300101;Štart;7\n".encode())

    assert answer.location == "/admin/imports/files/1"


def test_a_file_that_is_too_large_unpacked_is_sent_to_the_server(
    staff: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(uploads, "LARGEST_FILE", 2 * 1024 * 1024)
    row = rows_of(good=1).encode()

    page = Page(send(staff, row + b"\n" * (3 * 1024 * 1024)))

    assert (page.status, count_files()) == (422, 0)
    assert "The file is larger than 2 MB, unpacked: import it on the server" in page.text


@pytest.mark.parametrize(
    ("values", "sentence"),
    [
        ({"entity": ""}, "Choose what the file holds."),
        ({"entity": "wishes"}, "Not a valid choice"),
        ({"file": (BytesIO(b""), "")}, "Choose a file."),
    ],
)
def test_the_form_says_what_is_missing(staff: FlaskClient, values: dict[str, Any], sentence: str) -> None:
    page = Page(send(staff, b"any", **values))

    assert page.status == 422
    assert sentence in page.text


@pytest.mark.parametrize(
    "name", ["../../etc/passwd", "C:\\lists\\in\x00bound\u202e.csv", "/" * 300 + "a" * 300]
)
def test_a_files_name_is_only_shown(staff: FlaskClient, name: str) -> None:
    send(staff, rows_of(good=1).encode(), name=name)

    stored = read(ImportFile.name)[0][0]
    assert len(stored) <= 200
    assert not set(stored) & set("/\\\0\u202e")


def test_a_large_file_is_taken_from_those_who_may_import_alone(client: FlaskClient) -> None:
    make_user(role="admin", email="eva@example.sk")
    make_user(role="billing", email="ivan@example.sk")
    large = rows_of(good=1).encode() + b"\n" * 300_000

    stranger = client.post(LIST, data={"file": (BytesIO(large), "a.csv")})
    sign_in(client, "ivan@example.sk")
    other = client.post(LIST, data={"file": (BytesIO(large), "a.csv")})
    client.post("/logout", data=Page(client.get("/admin/")).form("/logout").fields)
    sign_in(client, "eva@example.sk")
    admin = send(client, large)

    assert (stranger.status_code, other.status_code, admin.status_code) == (413, 413, 302)


def test_a_body_above_the_limit_is_not_read(staff: FlaskClient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(import_upload_limit, "LARGEST_FILE", 1000)

    assert send(staff, b"a" * 100_000).status_code == 413


def test_other_forms_stay_small(staff: FlaskClient) -> None:
    answer = staff.post("/admin/users/new", data={"name": "a" * 300_000})

    assert answer.status_code == 413


def test_the_history_shows_what_became_of_each(staff: FlaskClient) -> None:
    import_upload(rows_of(good=2, bad=1))

    page = Page(staff.get(LIST))

    assert (
        "A command Messages from readers inbound.csv Import New 2 Changed 0 0 Refused 1 Done in part"
        in page.text
    )
    assert [link for link in page.links if link.removeprefix(f"{LIST}/").isdigit()] == [
        f"{LIST}/2",
        f"{LIST}/1",
    ]


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("", ["3", "2", "1"]),
        ("kind=dry", ["3", "1"]),
        ("kind=real", ["2"]),
        ("state=waiting", ["3"]),
        ("state=done&kind=dry", ["1"]),
        ("entity=inbound-messages&state=refused", []),
    ],
)
def test_filters_stand_in_the_address(staff: FlaskClient, query: str, found: list[str]) -> None:
    import_upload(rows_of(good=1))
    begin_dry(rows_of(good=1))

    page = Page(staff.get(f"{LIST}?{query}"))

    assert page.status == 200
    ids = [link.removeprefix(f"{LIST}/") for link in page.links]
    assert [each for each in ids if each.isdigit()] == found


@pytest.mark.parametrize("query", ["state=lost", "entity=wishes", "kind=both", "after=x"])
def test_an_address_that_asks_for_nothing_says_so(staff: FlaskClient, query: str) -> None:
    page = Page(staff.get(f"{LIST}?{query}"))

    assert page.status == 400
    assert "This list cannot be shown" in page.text


def test_pages_go_there_and_back(staff: FlaskClient) -> None:
    for _ in range(60):
        begin_dry(rows_of(good=1))

    first = Page(staff.get(f"{LIST}?kind=dry"))
    older = Page(staff.get(LIST + next(link for link in first.links if "after=" in link)))
    newer = Page(staff.get(LIST + next(link for link in older.links if "before=" in link)))

    assert [page.text.count("inbound.csv") for page in (first, older, newer)] == [50, 10, 50]


def test_what_a_file_holds_is_told_with_an_example(staff: FlaskClient) -> None:
    page = Page(staff.get(f"{LIST}/entities/inbound-messages"))
    example = staff.get(f"{LIST}/entities/inbound-messages/example.csv")

    assert "mobiletech_id required The gateway's id of the message" in page.text
    assert "external_id Its id in the old system. Also called: id" in page.text
    assert DATES in page.text
    assert example.text.startswith("external_id,mobiletech_id")
    assert example.headers["Content-Disposition"] == 'attachment; filename="inbound-messages.csv"'


@pytest.mark.parametrize(
    "path", ["entities/wishes", "entities/wishes/example.csv", "files/9", "9", "9/errors.csv"]
)
def test_what_is_not_there_is_a_page_that_says_so(staff: FlaskClient, path: str) -> None:
    assert Page(staff.get(f"{LIST}/{path}")).status == 404


def test_refused_rows_wait_on_the_overview_until_they_come_back_mended(staff: FlaskClient) -> None:
    run_id = import_upload(rows_of(good=1, bad=2))
    waiting = Page(staff.get("/admin/"))
    mended = (
        staff.get(f"{LIST}/{run_id}/errors.csv")
        .text.replace("1. septembra", "2026-09-01")
        .replace(",X\r\n", ",O\r\n")
    )

    import_upload(mended)

    assert "2 rows of an import were refused: Messages from readers" in waiting.text
    assert f"{LIST}/{run_id}" in waiting.links
    assert "of an import were refused" not in Page(staff.get("/admin/")).text


def test_a_dry_run_with_refused_rows_is_nobodys_task(staff: FlaskClient) -> None:
    dry_run(rows_of(good=1, bad=1))

    assert "of an import" not in Page(staff.get("/admin/")).text


def test_only_those_who_may_import_are_told_of_it(client: FlaskClient) -> None:
    import_upload(rows_of(good=1, bad=1))
    make_user(role="billing", email="ivan@example.sk")
    sign_in(client, "ivan@example.sk")

    assert "of an import" not in Page(client.get("/admin/")).text
