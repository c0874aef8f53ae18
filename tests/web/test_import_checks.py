"""The rules of an imported history on their page: what each found, the rows behind it, and trying again."""

import pytest
from flask.testing import FlaskClient

from crm.core.db import transaction
from crm.events.registry import Event
from crm.importer.check_work import RULES_BY_NAME, run_checks
from crm.importer.integrity import checking
from crm.importer.integrity.checking import Found
from crm.importer.integrity.questions import Kind
from crm.importer.integrity.stopping import Mended
from crm.importer.models import ImportCheck
from crm.web import import_checks
from tests.outbox import run_all
from tests.pages import Page
from tests.stored import read

CHECKS = "/admin/imports/check"
RULE = next(iter(RULES_BY_NAME))


@pytest.fixture
def broken(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let each rule find two renewals, an SMS, and more that are not shown."""
    rows = [
        {"kind": "recurrent_payment", "id": 7, "cid": "old-in-501"},
        {"kind": "inbound", "id": 9},
        {"kind": "phone", "id": 3},
    ]
    monkeypatch.setattr(checking, "run_rule", lambda session, rule: Found(count=1203, rows=rows))


def press(client: FlaskClient) -> Page:
    client.post(CHECKS, data=Page(client.get(CHECKS)).form().fields)
    return Page(client.get(CHECKS))


def test_before_the_first_check_each_rule_says_what_it_is(staff: FlaskClient) -> None:
    page = Page(staff.get(CHECKS))

    assert f"{RULE} {RULES_BY_NAME[RULE].meaning} Not checked yet" in page.text
    assert "Not checked yet" in Page(staff.get(f"{CHECKS}/{RULE}")).text


def test_each_rule_is_a_piece_of_work_of_a_worker(staff: FlaskClient) -> None:
    waiting = press(staff)
    again = press(staff)

    run_all()

    assert "The rules are being checked." in waiting.text
    assert "The rules are being checked already." in again.text
    assert "being checked" not in Page(staff.get(CHECKS)).text
    assert {rule for (rule,) in read(ImportCheck.rule)} == set(RULES_BY_NAME)


def test_while_rules_are_checked_the_page_looks_again_and_may_be_paused(staff: FlaskClient) -> None:
    waiting = Page(staff.get(CHECKS)), press(staff)
    run_all()
    done = Page(staff.get(CHECKS))

    assert [_is_live(page) for page in (*waiting, done)] == [False, True, False]


def _is_live(page: Page) -> bool:
    assert ("data-live-toggle" in page.response.text) == ("js/live.js" in page.response.text)
    return "data-live-toggle" in page.response.text


def test_what_the_checks_found_is_told_to_those_who_only_hear_it(
    staff: FlaskClient, broken: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    count = len(RULES_BY_NAME)
    before = _status(Page(staff.get(CHECKS)))
    waiting = _status(press(staff))
    run_all()
    broken_all = _status(Page(staff.get(CHECKS)))
    monkeypatch.setattr(checking, "run_rule", lambda session, rule: Found(count=0, rows=[]))
    press(staff)
    run_all()

    assert before == f"{count} rules are not checked yet."
    assert waiting == "The rules are being checked."
    assert broken_all == f"{count} rules are broken."
    assert _status(Page(staff.get(CHECKS))) == "All rules hold."


def _status(page: Page) -> str:
    return page.response.text.partition('id="checks-state" data-live role="status">')[2].partition("<")[0]


def test_a_rule_that_is_broken_shows_count_meaning_and_how_to_mend_it(
    staff: FlaskClient, broken: None
) -> None:
    press(staff)
    run_all()

    page = Page(staff.get(CHECKS))

    assert f"{RULES_BY_NAME[RULE].meaning} {RULES_BY_NAME[RULE].mend} Broken 1 203" in page.text


def test_the_rows_behind_a_rule_lead_to_their_pages(staff: FlaskClient, broken: None) -> None:
    press(staff)
    run_all()

    page = Page(staff.get(f"{CHECKS}/{RULE}"))

    assert "Renewal 7 cid: old-in-501 SMS from a reader 9" in page.text
    assert {"/admin/recurrent-payments/7", "/admin/messages/inbound/9"} <= set(page.links)
    assert "1 200 more; mend these first, then check again." in page.text


def test_each_kind_of_row_that_can_break_a_rule_has_a_name() -> None:
    assert set(import_checks.KINDS) == set(Kind)


def test_a_rule_is_checked_again(staff: FlaskClient, broken: None, monkeypatch: pytest.MonkeyPatch) -> None:
    press(staff)
    run_all()
    monkeypatch.setattr(checking, "run_rule", lambda session, rule: Found(count=0, rows=[]))

    press(staff)
    run_all()

    assert "Broken" not in Page(staff.get(CHECKS)).text
    assert "No row breaks this rule" in Page(staff.get(f"{CHECKS}/{RULE}")).text


def test_what_is_no_rule_is_not_there(staff: FlaskClient) -> None:
    assert Page(staff.get(f"{CHECKS}/R99")).status == 404


def test_what_was_stopped_is_tried_again_after_a_page_that_says_what_happens(
    staff: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    some = {
        0: Mended(active=2, past=1, broken=3, ids=[7, 8], next_after=9),
        9: Mended(active=1, ids=[10]),
    }
    monkeypatch.setattr(import_checks, "mend", lambda session, after: some[after])
    monkeypatch.setattr(import_checks, "heed_late_stops", lambda session, began: [8, 200])
    asked = Page(staff.get(f"{CHECKS}/mend"))

    answer = staff.post(f"{CHECKS}/mend", data=asked.form().fields)

    assert "Those whose rules hold become active" in asked.text
    told = Page(staff.get(answer.location)).text
    assert (
        "2 renewals are active now. 3 still break a rule and stay stopped. 1 breaks no rule, but its date"
        in told
    )
    assert "Of 1 the reader wrote STOP meanwhile" in told


@pytest.mark.usefixtures("app")
def test_a_check_that_is_of_an_older_release_is_left_alone() -> None:
    with transaction():
        run_checks([Event({"rule": "R0"}, entry_id=1)])

    assert read(ImportCheck.rule) == []
