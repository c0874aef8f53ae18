"""Which column of a file is which: what is known by its name is chosen, what cannot be is said beside it."""

import gzip

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from crm.importer.examples import read_example
from crm.importer.models import ImportFile, ImportRun
from crm.users.models import AuditEntry
from tests.factories.uploaded import BAD, HEADER, find_run, rows_of, upload
from tests.outbox import run_all
from tests.pages import Page
from tests.stored import read

THEIRS = "ID;od;to;content;receive_date;serv_id;operator_type;poznamka"
ROW = "77;0908 300 101;8877;Štart;1.10.2026 9:30;1703;O;=SUM(A1)"
FOREIGN = f"{THEIRS}\n{ROW}\n".encode("cp1250")
# what the foreign file needs: its third of our columns by another name, one that is left out, one that nobody knows
CHOSEN = {"column_0": "mobiletech_id", "column_1": "from", "column_7": ""}


def choose(client: FlaskClient, file_id: int, **values: str) -> TestResponse:
    """Send the form with what is chosen in it, but for the values."""
    address = f"/admin/imports/files/{file_id}"
    page = client.get(address)
    names = [f"column_{place}" for place in range(page.text.count("<select"))]
    fields = Page(page).form().fields | dict.fromkeys(names, "")
    return client.post(address, data=fields | _selected(page.text) | values)


def _selected(html: str) -> dict[str, str]:
    found = {}
    for part in html.split('<select id="')[1:]:
        name, _, rest = part.partition('"')
        options = rest.partition("</select>")[0].split("<option ")[1:]
        chosen = next((each for each in options if each.startswith("selected")), 'value=""')
        found[name] = chosen.partition('value="')[2].partition('"')[0]
    return found


def test_the_columns_stand_beside_their_first_values(staff: FlaskClient) -> None:
    file_id = upload(FOREIGN)

    page = staff.get(f"/admin/imports/files/{file_id}")

    assert "Messages from readers · CSV, Windows-1250, parted by semicolon" in Page(page).text
    assert _selected(page.text) == {
        "column_0": "external_id",
        "column_1": "",
        "column_2": "to",
        "column_3": "content",
        "column_4": "receive_date",
        "column_5": "serv_id",
        "column_6": "operator_type",
        "column_7": "",
    }
    for sample in ("0908 300 101", "Štart", "1.10.2026 9:30", "=SUM(A1)"):
        assert sample in Page(page).text
    assert "mobiletech_id (required)" in Page(page).text
    assert "The first line of the file is taken as the names of the columns." in Page(page).text


def test_what_is_chosen_is_run_dry(staff: FlaskClient) -> None:
    file_id = upload(FOREIGN)

    answer = choose(staff, file_id, **CHOSEN)
    run_all()

    assert answer.location == "/admin/imports/1"
    run = find_run(1)
    assert (run.state, run.is_dry, run.inserted, run.refused) == ("done", True, 1, 0)
    assert run.layout["columns"][:2] == ["mobiletech_id", "from"]
    assert run.started_by == "Eva Nováková"


def test_a_column_that_must_be_there_is_asked_for(staff: FlaskClient) -> None:
    page = Page(choose(staff, upload(FOREIGN), column_0=""))

    assert page.status == 422
    assert "The dry run has not begun" in page.text
    assert "No columns of the file are mobiletech_id, from, which must be there." in page.text


def test_a_file_of_another_kind_is_asked_after(staff: FlaskClient) -> None:
    file_id = upload(read_example("users"))

    shown, chosen = Page(staff.get(f"/admin/imports/files/{file_id}")), Page(choose(staff, file_id))

    for page in (shown, chosen):
        assert "Is this a file of another kind: People? Most of its columns are none of ours" in page.text
    assert chosen.text.count("which must be there") == 1


def test_a_file_of_the_right_kind_is_not_asked_after(staff: FlaskClient) -> None:
    assert "another kind" not in Page(staff.get(f"/admin/imports/files/{upload(FOREIGN)}")).text


def test_a_column_of_ours_is_chosen_once_and_what_was_chosen_is_kept(staff: FlaskClient) -> None:
    answer = choose(staff, upload(FOREIGN), **CHOSEN | {"column_7": "from"})

    assert answer.status_code == 422
    assert "poznamka: od is this already: choose it once." in Page(answer).text
    assert _selected(answer.text)["column_0"] == "mobiletech_id"
    assert read(ImportRun.id) == []


def test_a_column_that_is_none_of_ours_is_refused(staff: FlaskClient) -> None:
    page = Page(choose(staff, upload(FOREIGN), column_1="password"))

    assert page.status == 422


@pytest.mark.parametrize("taken", [1, 8])
def test_of_two_columns_with_one_name_the_chosen_one_is_taken(staff: FlaskClient, taken: int) -> None:
    row = ["1", "", "8877", "Start", "2026-09-01 08:00:00", "1703", "76", "O", ""]
    row[taken] = "+421908300101"
    file_id = upload(f"{HEADER},from\n{','.join(row)}\n")

    answer = choose(staff, file_id, **{f"column_{9 - taken}": ""})
    run_all()

    assert answer.location == "/admin/imports/1"
    run = find_run(1)
    assert [place for place, ours in enumerate(run.layout["columns"]) if ours == "from"] == [taken]
    assert (run.state, run.inserted, run.refused) == ("done", 1, 0)


def test_two_columns_with_one_name_are_not_both_taken(staff: FlaskClient) -> None:
    page = Page(choose(staff, upload(f"{HEADER},from\n")))

    assert page.status == 422
    assert "from: from is this already: choose it once." in page.text
    assert read(ImportRun.id) == []


def test_json_lines_show_their_keys(staff: FlaskClient) -> None:
    file_id = upload(gzip.compress(b'{"mobiletech_id": "a", "from": "0908300101"}\n{"content": "Start"}\n'))

    page = Page(staff.get(f"/admin/imports/files/{file_id}"))

    assert "JSON Lines, UTF-8" in page.text
    assert "0908300101" in page.text
    assert "The first line" not in page.text


def test_a_row_that_cannot_be_read_is_left_to_the_dry_run(staff: FlaskClient) -> None:
    file_id = upload(f'{HEADER}\n{BAD % 1}\n"never closed\n')

    page = Page(staff.get(f"/admin/imports/files/{file_id}"))

    assert page.status == 200
    assert "1. septembra" in page.text


@pytest.mark.parametrize("name", ["content", "heslo"])
def test_a_hash_of_a_password_is_shown_nowhere(staff: FlaskClient, name: str) -> None:
    hashed = "$2y$10$BmqrX53ewHYpWtQb3IQh5.CkRsMFTb0KLJKAfaIGSN0n2N9jUHGhK"
    file_id = upload(f"mobiletech_id,{name}\n1,{hashed}\n")

    page = Page(staff.get(f"/admin/imports/files/{file_id}"))

    assert "(not shown)" in page.text
    assert hashed not in page.text


def test_a_file_of_ours_that_was_removed_says_so(staff: FlaskClient) -> None:
    page = Page(staff.get("/admin/imports/files/77"))

    assert page.status == 404
    assert "it is kept for 7 days. Upload it once more." in page.text


def test_a_dry_run_is_no_act_of_the_log(staff: FlaskClient) -> None:
    choose(staff, upload(rows_of(good=1)))
    run_all()

    assert read(AuditEntry.action) == []
    assert len(read(ImportFile.id)) == 1
