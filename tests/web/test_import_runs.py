"""One import on its page: how far it is, what was refused and why, and what can be decided about it."""

from datetime import timedelta

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from crm.core.db import transaction
from crm.events.backoff import DELAYS
from crm.importer import working
from crm.importer.faults import HIDDEN
from crm.importer.models import ImportRun
from crm.importer.runs import get_run
from crm.mobiletech.models import InboundMessage
from crm.payments.holding import hold
from crm.users.audit_log import list_acts_on
from crm.users.models import AuditEntry
from crm.web import import_words
from tests.conftest import Clock
from tests.factories.imports import import_text
from tests.factories.moments import ZONE
from tests.factories.uploaded import begin_dry, begin_real, dry_run, find_run, import_upload, rows_of
from tests.outbox import run_all
from tests.pages import Page
from tests.stored import read

LIST = "/admin/imports"

HALF_DONE = {
    "state": "loading", "rows_total": 10_000, "rows_done": 2_500, "worked_seconds": 5, "inserted": 2_500
}  # fmt: skip


def press(client: FlaskClient, path: str, **values: str) -> TestResponse:
    """Open the page of a decision, and decide."""
    return client.post(f"{LIST}/{path}", data=Page(client.get(f"{LIST}/{path}")).form().fields | values)


def change(run_id: int, **values: object) -> None:
    with transaction() as session:
        run = get_run(session, run_id)
        for name, value in values.items():
            setattr(run, name, value)


def test_a_run_that_waits_says_so_and_looks_again_by_itself(staff: FlaskClient) -> None:
    run_id = begin_dry(rows_of(good=3))

    answer = staff.get(f"{LIST}/{run_id}")

    assert "Dry run 1: Messages from readers" in Page(answer).text
    assert "Waits" in Page(answer).text
    assert "All rows are checked first" in Page(answer).text
    assert 'id="run" data-live' in answer.text
    assert "js/live.js" in answer.text
    assert f"{LIST}/{run_id}/cancel" in Page(answer).links


def test_a_run_tells_its_rate_and_the_time_that_is_left(
    staff: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    run_id = begin_dry(rows_of(good=3))
    change(run_id, **HALF_DONE)

    answer = staff.get(f"{LIST}/{run_id}")

    assert '<progress id="progress" value="2500" max="10000">25%</progress>' in answer.text
    assert "25% 500 rows a second about 15 seconds left" in Page(answer).text


def test_a_run_on_which_nobody_works_says_since_when_and_tells_no_rate(
    staff: FlaskClient, clock: Clock
) -> None:
    run_id = begin_dry(rows_of(good=3))
    change(run_id, **HALF_DONE)
    clock.advance(timedelta(seconds=11))

    answer = staff.get(f"{LIST}/{run_id}")

    begun = find_run(run_id).created_at.astimezone(ZONE).isoformat(timespec="seconds")
    assert f'Nothing has happened since <time datetime="{begun}"' in answer.text
    assert "25% Nothing has happened since" in Page(answer).text
    assert "rows a second" not in answer.text
    assert "about 15 seconds left" not in answer.text


@pytest.mark.parametrize(
    ("state", "is_dry", "told"),
    [
        ("done", True, "Some refused It has ended: rows 4, refused 1."),
        ("done", False, "Done in part It has ended: rows 4, refused 1."),
        ("refused", False, "Refused It ended before its end; why stands below."),
        ("cancelled", True, "Cancelled It has ended and kept nothing."),
        ("cancelled", False, "Cancelled It has ended; what is in stays in."),
    ],
)
def test_how_a_run_ended_is_told_to_those_who_only_hear_it(
    staff: FlaskClient, state: str, is_dry: bool, told: str
) -> None:
    run_id = dry_run(rows_of(good=3, bad=1))
    change(run_id, state=state, is_dry=is_dry)

    answer = staff.get(f"{LIST}/{run_id}")

    assert told in Page(answer).text
    assert answer.text.count('id="run-state" data-live role="status"') == 1


@pytest.mark.parametrize(
    ("is_dry", "told"),
    [
        (True, "Nothing went in. Mend them in your file and upload it again, or import it for real first"),
        (False, "Mend them in the file of refused rows and upload that by itself"),
    ],
)
def test_how_refused_rows_are_mended_depends_on_whether_the_others_are_in(
    staff: FlaskClient, is_dry: bool, told: str
) -> None:
    run_id = (dry_run if is_dry else import_upload)(rows_of(good=1, bad=1))

    page = Page(staff.get(f"{LIST}/{run_id}"))

    assert told in page.text
    assert page.text.count("Mend them") == 1


def test_a_dry_run_keeps_nothing_and_offers_the_import(staff: FlaskClient) -> None:
    run_id = dry_run(rows_of(good=3, bad=1))

    answer = staff.get(f"{LIST}/{run_id}")

    assert "would be new 3 would change 0 are as they are 0 would be refused 1" in Page(answer).text
    assert f"{LIST}/{run_id}/real" in Page(answer).links
    assert "js/live.js" not in answer.text
    assert read(InboundMessage.id) == []


def test_what_was_refused_is_told_with_line_column_value_and_code(staff: FlaskClient) -> None:
    run_id = dry_run(rows_of(good=2, bad=1))

    page = Page(staff.get(f"{LIST}/{run_id}"))

    assert (
        "Line 4 receive_date 1. septembra Write a date and a time such as 2026-10-01 09:30:00. date"
        in page.text
    )
    assert "Line 4 operator_type X This must be one of T, O, 2, S. choice" in page.text


def test_a_refused_password_is_not_shown_and_that_is_said_in_the_language_of_the_page(
    staff: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = import_text("users", "id,public_name,password\n77,Eva,tajne\n", dry=True)
    monkeypatch.setattr(
        import_words, "_", lambda message, **_fields: {HIDDEN: "skryté"}.get(message, message)
    )

    page = Page(staff.get(f"{LIST}/{run.id}"))

    assert "Line 2 password skryté" in page.text
    assert "tajne" not in page.text


def test_of_many_refused_rows_the_first_hundred_are_shown(staff: FlaskClient) -> None:
    run_id = dry_run(rows_of(good=1, bad=120))

    page = Page(staff.get(f"{LIST}/{run_id}"))

    assert page.text.count("1. septembra") == 100
    assert "20 more rows were refused; the file has them." in page.text


def test_the_refused_rows_come_as_a_file_and_that_is_an_act(staff: FlaskClient) -> None:
    run_id = dry_run(rows_of(good=1, bad=1))

    answer = staff.get(f"{LIST}/{run_id}/errors.csv")

    header, row = answer.text.removeprefix("\ufeff").splitlines()
    assert header.startswith("import_line,import_errors,mobiletech_id,")
    assert "'+421908300101" in row  # no table runs it
    assert "[choice]" in row
    assert answer.headers["Content-Disposition"] == 'attachment; filename="import-1-refused.csv"'
    assert read(AuditEntry.action, AuditEntry.subject) == [("import.errors", "import 1")]


def test_after_the_dry_run_the_import_brings_just_that(staff: FlaskClient) -> None:
    dry_id = dry_run(rows_of(good=3, bad=1))
    asked = Page(staff.get(f"{LIST}/{dry_id}/real"))

    answer = press(staff, f"{dry_id}/real")
    run_all()

    assert "4 rows: 3 new, 0 changed, 0 as they are. 1 is refused and stays out" in asked.text
    assert "Import 3 rows" in asked.text
    assert answer.location == f"{LIST}/2"
    dry, real = find_run(dry_id), find_run(2)
    assert [(each.inserted, each.updated, each.unchanged, each.refused) for each in (dry, real)] == [
        (3, 0, 0, 1)
    ] * 2
    assert len(read(InboundMessage.id)) == 3
    told = Page(staff.get(f"{LIST}/2")).text
    assert "What people did An import was done" in told
    places = [told.rindex(count) for count in ("inserted", "updated", "unchanged", "refused")]
    assert places == sorted(places)
    acts = read(AuditEntry.id, AuditEntry.action, AuditEntry.actor)
    assert [act[1:] for act in acts] == [("import.start", "Eva Nováková"), ("import.done", "Eva Nováková")]


def test_one_row_is_spoken_of_as_one(staff: FlaskClient) -> None:
    asked = Page(staff.get(f"{LIST}/{dry_run(rows_of(good=1))}/real"))

    assert "1 row: 1 new, 0 changed, 0 as it is." in asked.text
    assert "Import 1 row" in asked.text


@pytest.mark.parametrize(
    ("values", "why"),
    [
        ({"refused": 2}, "Every row would be refused: there is nothing to import until some are mended."),
        ({"unchanged": 1, "refused": 1}, "No row would be new or change: there is nothing to import."),
        ({"unchanged": 2}, "No row would be new or change: there is nothing to import."),
        ({"rows_done": 0}, "The file has no rows: there is nothing to import."),
    ],
)
def test_nothing_is_offered_where_nothing_would_go_in(
    staff: FlaskClient, values: dict[str, int], why: str
) -> None:
    run_id = dry_run(rows_of(good=2))
    change(run_id, **{"inserted": 0} | values)

    page, asked = Page(staff.get(f"{LIST}/{run_id}")), staff.get(f"{LIST}/{run_id}/real")

    assert why in page.text
    assert f"{LIST}/{run_id}/real" not in page.links
    assert "import it for real first" not in page.text
    assert "Nothing of this file would go in" in Page(staff.get(asked.location)).text


def test_where_all_rows_are_due_the_import_is_offered_without_a_count(staff: FlaskClient) -> None:
    run_id = dry_run(rows_of(good=2))
    change(run_id, inserted=0, refused=2, due_count=2, due_amounts={"EUR": "9.98"})

    page, asked = (Page(staff.get(f"{LIST}/{run_id}{act}")) for act in ("", "/real"))

    assert f"{LIST}/{run_id}/real" in page.links
    assert "Import 0 rows" not in asked.text


def test_an_import_that_was_cancelled_while_it_was_checked_says_that_nothing_went_in(
    staff: FlaskClient,
) -> None:
    run_id = begin_real(rows_of(good=3))
    change(run_id, state="checking", rows_done=68_000)
    asked = Page(staff.get(f"{LIST}/{run_id}/cancel")).text
    press(staff, f"{run_id}/cancel")
    run_all()

    page = Page(staff.get(f"{LIST}/{run_id}"))

    assert "Its rows are still being checked: nothing has gone in yet." in asked
    assert "It has ended while its rows were checked: nothing had gone in yet." in page.text
    assert "68 000 checked" in page.text.replace("\xa0", " ").replace("\u202f", " ")
    assert "What is in stays in" not in asked + page.text


def test_the_dry_run_then_leads_to_its_import(staff: FlaskClient) -> None:
    dry_id = dry_run(rows_of(good=1))
    press(staff, f"{dry_id}/real")

    page = Page(staff.get(f"{LIST}/{dry_id}"))

    assert "It was followed by import 2" in page.text
    assert f"{LIST}/{dry_id}/real" not in page.links


@pytest.mark.parametrize("state", ["waiting", "cancelled", "refused"])
def test_nothing_is_imported_before_a_dry_run_is_done(staff: FlaskClient, state: str) -> None:
    dry_id = begin_dry(rows_of(good=1))
    change(dry_id, state=state)

    answer = staff.get(f"{LIST}/{dry_id}/real")

    assert answer.location == f"{LIST}/{dry_id}"
    assert "Only after a dry run that was done" in Page(staff.get(answer.location)).text


def test_a_file_is_imported_once_however_often_one_presses(staff: FlaskClient) -> None:
    dry_id = dry_run(rows_of(good=1))
    fields = Page(staff.get(f"{LIST}/{dry_id}/real")).form().fields

    staff.post(f"{LIST}/{dry_id}/real", data=fields)
    again = staff.post(f"{LIST}/{dry_id}/real", data=fields)

    assert "This file is being imported already, as import 2." in Page(staff.get(again.location)).text
    assert read(ImportRun.id) == [(1,), (2,)]


def test_what_is_only_due_is_not_told_to_stay_out(staff: FlaskClient) -> None:
    run_id = dry_run(rows_of(good=2))
    change(run_id, inserted=1, refused=3, due_count=2, due_amounts={"EUR": "9.98"})

    page = Page(staff.get(f"/admin/imports/{run_id}/real")).text

    assert "1 is refused and stays out" in page
    change(run_id, refused=2)
    assert "stay out" not in Page(staff.get(f"/admin/imports/{run_id}/real")).text


def test_what_is_due_is_charged_only_with_the_mark(staff: FlaskClient) -> None:
    dry_id = dry_run(rows_of(good=1))
    change(dry_id, due_count=12, due_amounts={"EUR": "58.80"}, stopped=3)
    asked = Page(staff.get(f"{LIST}/{dry_id}/real"))

    press(staff, f"{dry_id}/real", confirm_due="y")

    assert (
        "12 renewals are past their date, 58.80 € in all. Unless you mark it below they are refused."
        in asked.text
    )
    assert "Charge 12 renewals at once, 58.80 € in all" in asked.text
    assert "3 renewals break a rule: they come in stopped" in asked.text
    assert find_run(2).confirm_due


@pytest.mark.parametrize(
    ("count", "dry", "asked", "confirmed"),
    [
        (
            1,
            "1 renewal is past its date, 58.80 €: without your leave it is refused.",
            "1 renewal is past its date, 58.80 €. Unless you mark it below it is refused.",
            "1 renewal is past its date, 58.80 €: it is charged at once.",
        ),
        (
            12,
            "12 renewals are past their date, 58.80 € in all: without your leave they are refused.",
            "12 renewals are past their date, 58.80 € in all. Unless you mark it below they are refused.",
            "12 renewals are past their date, 58.80 € in all: they are charged at once.",
        ),
    ],
)
def test_one_renewal_that_is_due_is_spoken_of_as_one(
    staff: FlaskClient, count: int, dry: str, asked: str, confirmed: str
) -> None:
    run_id = dry_run(rows_of(good=1))
    change(run_id, due_count=count, due_amounts={"EUR": "58.80"})
    pages = [Page(staff.get(f"{LIST}/{run_id}{act}")) for act in ("", "/real")]
    change(run_id, confirm_due=True)

    pages.append(Page(staff.get(f"{LIST}/{run_id}")))

    for page, told in zip(pages, (dry, asked, confirmed), strict=True):
        assert told in page.text


def test_each_currency_of_what_is_due_has_its_own_sum(staff: FlaskClient) -> None:
    run_id = dry_run(rows_of(good=1))
    change(run_id, due_count=12, due_amounts={"EUR": "58.80", "CZK": "99.00"})

    shown, asked = (Page(staff.get(f"{LIST}/{run_id}{act}")).text for act in ("", "/real"))

    sums = "99.00 CZK + 58.80 € in all"
    assert f"12 renewals are past their date, {sums}: without your leave" in shown
    assert f"12 renewals are past their date, {sums}. Unless you mark it" in asked
    assert f"Charge 12 renewals at once, {sums}" in asked


@pytest.mark.parametrize(("due", "is_promised"), [(0, True), (12, False)])
def test_how_many_rows_come_in_is_not_promised_while_the_mark_decides_it(
    staff: FlaskClient, due: int, is_promised: bool
) -> None:
    dry_id = dry_run(rows_of(good=1))
    change(dry_id, due_count=due)

    page = Page(staff.get(f"{LIST}/{dry_id}/real"))

    assert ("Import 1 row" in page.text) is is_promised


def test_while_all_renewals_are_held_nothing_is_said_to_be_charged_at_once(staff: FlaskClient) -> None:
    run_id = dry_run(rows_of(good=1))
    change(run_id, due_count=12, due_amounts={"EUR": "58.80"})
    with transaction() as session:
        hold(session, reason="moving in")
    asked = Page(staff.get(f"{LIST}/{run_id}/real")).text
    change(run_id, confirm_due=True)

    shown = Page(staff.get(f"{LIST}/{run_id}")).text

    assert "Charge 12 renewals, 58.80 € in all, when renewals are resumed: all are held now" in asked
    assert "in all: they wait, for all renewals are held, and are charged when they are resumed." in shown
    assert "at once" not in asked + shown


def test_without_the_mark_what_is_due_is_refused(staff: FlaskClient) -> None:
    dry_id = dry_run(rows_of(good=1))
    change(dry_id, due_count=12)
    fields = Page(staff.get(f"{LIST}/{dry_id}/real")).form().fields
    fields.pop("confirm_due")

    staff.post(f"{LIST}/{dry_id}/real", data=fields)

    assert not find_run(2).confirm_due


def test_renewals_that_are_not_held_are_spoken_of(staff: FlaskClient) -> None:
    dry_id = dry_run(rows_of(good=1))
    change(dry_id, entity="recurrent-payments")
    free = Page(staff.get(f"{LIST}/{dry_id}/real"))
    with transaction() as session:
        hold(session, reason="moving in")

    held = Page(staff.get(f"{LIST}/{dry_id}/real"))

    assert "Renewals are not held: what comes due here is charged." in free.text
    assert "Renewals are not held" not in held.text


def test_people_who_have_roles_are_imported_only_with_the_password(staff: FlaskClient, clock: Clock) -> None:
    messages, people = dry_run(rows_of(good=1)), dry_run(rows_of(good=2))
    change(people, entity="users")
    clock.advance(timedelta(minutes=11))

    answers = [staff.get(f"{LIST}/{each}/real") for each in (messages, people)]

    assert answers[0].status_code == 200
    assert answers[1].location == f"/login/confirm?next=%2Fadmin%2Fimports%2F{people}%2Freal"


def test_an_import_is_cancelled_between_two_batches(
    staff: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    run_id = begin_real(rows_of(good=3))
    change(run_id, state="loading", rows_total=3)
    asked = Page(staff.get(f"{LIST}/{run_id}/cancel"))

    answer = press(staff, f"{run_id}/cancel")
    waiting = Page(staff.get(answer.location))
    run_all()

    assert "What is in stays in." in asked.text
    assert "It ends after the rows that are being written." in waiting.text
    assert find_run(run_id).state == "cancelled"
    assert read(InboundMessage.id) == []
    assert "Cancelled" in Page(staff.get(f"{LIST}/{run_id}")).text


def test_what_has_ended_is_neither_cancelled_nor_resumed(staff: FlaskClient) -> None:
    run_id = import_upload(rows_of(good=1))

    for act in ("cancel", "resume"):
        answer = staff.get(f"{LIST}/{run_id}/{act}")
        assert "This import has ended already." in Page(staff.get(answer.location)).text


def test_a_step_that_fails_too_often_is_shown_and_resumed(
    staff: FlaskClient, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    run_id = begin_real(rows_of(good=3))
    with monkeypatch.context() as broken:
        broken.setattr(working.Runner, "step", _fail)
        run_all()
        failing = Page(staff.get(f"{LIST}/{run_id}"))
        for delay in DELAYS:
            clock.advance(delay)
            run_all()
    dead = Page(staff.get(f"{LIST}/{run_id}"))
    overview = Page(staff.get("/admin/"))

    press(staff, f"{run_id}/resume")
    run_all()

    assert "Waits A step failed and is tried again" in failing.text  # heard beside the state, too
    assert "ValueError: no room for +421908***101" in failing.text
    assert "Waits A step failed too often" in dead.text
    assert "An import stands still: Messages from readers" in overview.text
    assert find_run(run_id).state == "done"
    assert len(read(InboundMessage.id)) == 3
    assert "was given up" not in Page(staff.get("/admin/")).text


def test_one_that_goes_on_is_not_resumed(staff: FlaskClient) -> None:
    run_id = begin_dry(rows_of(good=1))

    answer = press(staff, f"{run_id}/resume")

    assert "This import goes on by itself." in Page(staff.get(answer.location)).text


def test_one_of_the_server_that_stands_still_says_how_it_goes_on(staff: FlaskClient, clock: Clock) -> None:
    run_id = begin_dry(rows_of(good=1))
    change(run_id, step=0, file_id=None, state="interrupted")

    page = Page(staff.get(f"{LIST}/{run_id}"))

    assert "Interrupted Nobody works on it" in page.text
    assert "the same command goes on where it was, with --resume" in page.text
    assert f"{LIST}/{run_id}/resume" not in page.links
    assert f"{LIST}/{run_id}/cancel" in page.links


def test_one_whose_file_was_imported_anew_is_not_to_be_resumed(staff: FlaskClient) -> None:
    text = rows_of(good=1)
    left = begin_dry(text)
    change(left, step=0, state="interrupted")
    anew = dry_run(text)
    change(left, step=0, state="interrupted", finished_at=None)  # as if killed a moment ago

    page, listed = Page(staff.get(f"{LIST}/{left}")), Page(staff.get(LIST))
    answer = press(staff, f"{left}/resume")

    assert f"Dry run {anew} of the same file is done: there is nothing to resume." in page.text
    assert f"{LIST}/{left}/resume" not in page.links
    assert [text.count("Done anew") for text in (page.text, listed.text)] == [1, 1]
    assert f"as import {anew}: there is nothing to resume" in Page(staff.get(answer.location)).text


def test_who_cancelled_has_ended_it_whoever_works_on_it(staff: FlaskClient) -> None:
    run_id = begin_real(rows_of(good=3))
    change(run_id, started_by="command line", user_id=None)
    press(staff, f"{run_id}/cancel")

    run_all()

    with transaction() as session:
        acts = {act.action: act.actor for act in list_acts_on(session, f"import {run_id}")}
    assert acts["import.cancelled"] == acts["import.cancel"] != "command line"


def test_one_that_was_refused_as_a_whole_says_why(staff: FlaskClient) -> None:
    run_id = dry_run(rows_of(good=0, bad=1000))

    page = Page(staff.get(f"{LIST}/{run_id}"))

    assert "Refused It ended before its end" in page.text
    assert "1000 of the first 1000 rows cannot be imported, so nothing was." in page.text


def test_a_value_that_looks_like_a_page_is_only_shown(staff: FlaskClient) -> None:
    run_id = dry_run(rows_of(good=1) + "x y,<script>alert(1)</script>,8877,A,2026-01-01,1,1,O\n")

    assert "<script>alert(1)" not in staff.get(f"{LIST}/{run_id}").text


def _fail(self: object, session: object) -> None:
    raise ValueError("no room for +421908300101")
