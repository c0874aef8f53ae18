"""Failed work in the browser: the whole reason, and a decision with a reason that is written down."""

from typing import Any

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from crm.events.models import OutboxEntry
from crm.users.models import AuditEntry
from tests.factories.users import make_user
from tests.factories.work import make_work
from tests.outbox import get_entry
from tests.pages import Page, sign_in
from tests.stored import read

LIST = "/admin/operations/work"
REASON = "ConnectionError: no way to +421908630549\nsecond line " + "long " * 400


def test_a_list_without_failures_teaches(staff: FlaskClient) -> None:
    page = Page(staff.get(LIST))

    assert "No work has failed Work that fails is tried eight times" in page.text


def test_the_list_shows_what_failed_with_the_beginning_of_the_reason(staff: FlaskClient) -> None:
    dead = make_work(error=REASON)
    retried = make_work(event="order-paid", handler="shop.pay", state="ready", attempts=3, due_in_minutes=9)

    page = Page(staff.get(LIST))

    assert (
        f"SMS from a reader {dead} mobiletech-inbound ConnectionError: no way to +421908***549" in page.text
    )
    assert f"Other work {retried} shop.pay" in page.text
    assert "3/8 Tried again" in page.text
    assert "second line" not in page.text
    assert f"{LIST}/{dead}" in page.links


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("", [3, 2, 1]),
        ("state=dead", [2, 1]),
        ("state=retrying", [3]),
        ("event=order-paid", [3, 2]),
        ("handler=shop.pay", [2]),
        ("event=unheard-of", []),
    ],
)
def test_filters_stand_in_the_address(staff: FlaskClient, query: str, found: list[int]) -> None:
    make_work()
    make_work(event="order-paid", handler="shop.pay")
    make_work(event="order-paid", state="ready", attempts=1, due_in_minutes=5)

    page = Page(staff.get(f"{LIST}?{query}"))

    assert page.status == 200
    assert [link for link in page.links if link.removeprefix(f"{LIST}/").isdigit()] == [
        f"{LIST}/{entry_id}" for entry_id in found
    ]


@pytest.mark.parametrize(
    "query", ["state=alive", "event=a%00b", "handler=%3Cscript%3E", "after=x", "before=y"]
)
def test_an_address_that_asks_for_nothing_says_so(staff: FlaskClient, query: str) -> None:
    make_work()

    page = Page(staff.get(f"{LIST}?{query}"))

    assert page.status == 400
    assert "This list cannot be shown" in page.text


def test_pages_go_there_and_back(staff: FlaskClient) -> None:
    for _ in range(60):
        make_work()

    first = Page(staff.get(f"{LIST}?state=dead"))
    older = Page(staff.get(LIST + next(link for link in first.links if "after=" in link)))
    newer = Page(staff.get(LIST + next(link for link in older.links if "before=" in link)))

    assert [page.text.count("SMS from a reader") - 1 for page in (first, older, newer)] == [50, 10, 50]


def test_one_piece_of_work_is_shown_in_full(staff: FlaskClient) -> None:
    entry_id = make_work(
        error=REASON,
        crashes=2,
        lane="0908630549",
        payload={"mobiletech_outbound_message_id": 17, "not_before": "2026-11-26"},
    )

    page = Page(staff.get(f"{LIST}/{entry_id}"))

    for told in (
        "second line",
        "A worker died 2 times",
        "It failed 8 times",
        "not_before: 2026-11-26",
        "0908 630 549",
    ):
        assert told in page.text
    assert "/admin/messages/outbound/17" in page.links
    assert f"{LIST}/{entry_id}/retry" in page.links


def test_work_that_is_done_offers_nothing(staff: FlaskClient) -> None:
    entry_id = make_work(state="done", attempts=0, error=None)

    page = Page(staff.get(f"{LIST}/{entry_id}"))

    assert "Done" in page.text
    assert f"{LIST}/{entry_id}/retry" not in page.links
    assert staff.get(f"{LIST}/{entry_id}/retry").status_code == 404


@pytest.mark.parametrize(
    ("event", "told"),
    [
        ("mobiletech-send", "Nobody is charged twice."),
        ("mobiletech-inbound", "nobody is answered twice"),
        ("order-paid", "Whether a second run does harm is known to who wrote it."),
    ],
)
def test_the_page_says_what_a_retry_will_do(staff: FlaskClient, event: str, told: str) -> None:
    entry_id = make_work(event=event)

    assert told in Page(staff.get(f"{LIST}/{entry_id}")).text
    assert told in Page(staff.get(f"{LIST}/{entry_id}/retry")).text


def test_a_retry_makes_the_work_due_and_is_written_down(staff: FlaskClient) -> None:
    entry_id = make_work()

    response = decide(staff, entry_id, "retry", "the shop is back")

    assert "1 piece of work is due now." in Page(staff.get(response.location)).text
    entry = get_entry(entry_id)
    assert (entry.state, entry.attempts, entry.finished_at) == ("ready", 0, None)
    assert acts() == [("work.retry", f"work {entry_id}", "the shop is back")]
    shown = Page(staff.get(f"{LIST}/{entry_id}"))
    assert "What people decided Had failed work done again Eva Nováková" in shown.text
    assert "the shop is back" in shown.text


def test_giving_up_keeps_the_row_and_is_written_down(staff: FlaskClient) -> None:
    entry_id = make_work()

    response = decide(staff, entry_id, "discard", "the order was cancelled")

    assert "1 piece of work is given up." in Page(staff.get(response.location)).text
    assert get_entry(entry_id).state == "discarded"
    assert acts() == [("work.discard", f"work {entry_id}", "the order was cancelled")]


@pytest.mark.parametrize("act", ["retry", "discard"])
def test_a_decision_needs_a_reason(staff: FlaskClient, act: str) -> None:
    entry_id = make_work()

    page = Page(decide(staff, entry_id, act, "  "))

    assert page.status == 422
    assert "Reason: Write why." in page.text
    assert (get_entry(entry_id).state, acts()) == ("dead", [])


def test_several_are_ticked_and_decided_with_one_reason(staff: FlaskClient) -> None:
    first, second, third = make_work(), make_work(event="mobiletech-send"), make_work()

    chosen = tick(staff, "retry", first, second)
    page = Page(staff.get(chosen.location))
    response = staff.post(chosen.location, data=page.form().fields | {"reason": "gateway mended"})

    assert chosen.location == f"{LIST}/{first},{second}/retry"
    assert page.title == "Try 2 pieces of work again"
    assert "SMS from a reader: What failed for this SMS runs again." in page.text
    assert "SMS to a reader: The message goes out only if it still waits" in page.text
    assert "2 pieces of work are due now." in Page(staff.get(response.location)).text
    assert read(OutboxEntry.id, OutboxEntry.state) == [(first, "ready"), (second, "ready"), (third, "dead")]
    assert [act[1] for act in acts()] == [f"work {first}", f"work {second}"]


def test_nothing_ticked_leads_back_with_a_word(staff: FlaskClient) -> None:
    make_work()

    response = tick(staff, "discard", query="?state=dead")

    assert response.location == f"{LIST}?state=dead"
    assert "Nothing is chosen" in Page(staff.get(response.location)).text


@pytest.mark.parametrize(
    "data", [{"id": "1", "act": "burn"}, {"id": "1"}, {"id": "x", "act": "retry"}, {"id": "1,2", "act": ""}]
)
def test_a_form_of_ones_own_making_decides_nothing(staff: FlaskClient, data: dict[str, Any]) -> None:
    make_work()
    token = Page(staff.get(LIST)).form().fields["csrf_token"]

    assert staff.post(LIST, data={"csrf_token": token} | data).status_code == 404
    assert get_entry(1).state == "dead"


def test_what_somebody_else_has_decided_is_left_out(staff: FlaskClient) -> None:
    first, second = make_work(), make_work()
    form = Page(staff.get(f"{LIST}/{first},{second}/retry")).form()
    decide(staff, first, "discard", "quicker")

    staff.post(f"{LIST}/{first},{second}/retry", data=form.fields | {"reason": "slower"})

    assert [get_entry(each).state for each in (first, second)] == ["discarded", "ready"]
    assert staff.get(f"{LIST}/{first}/retry").status_code == 404


@pytest.mark.parametrize("ids", ["0", "x", "1,", "1;2", "9" * 19, "9" * 30, "1,2," * 100 + "3", "-1"])
def test_ids_that_are_none_are_404(staff: FlaskClient, ids: str) -> None:
    assert Page(staff.get(f"{LIST}/{ids}/retry")).status == 404


@pytest.mark.parametrize("entry_id", [999, 2**63 - 1, 2**70])
def test_work_that_does_not_exist_is_404(staff: FlaskClient, entry_id: int) -> None:
    assert Page(staff.get(f"{LIST}/{entry_id}")).status == 404


def test_who_only_reads_sees_no_buttons(client: FlaskClient) -> None:
    entry_id = make_work()
    make_user(role="support", email="jana@example.sk")
    sign_in(client, "jana@example.sk")

    listed, shown = Page(client.get(LIST)), Page(client.get(f"{LIST}/{entry_id}"))

    assert f"SMS from a reader {entry_id}" in listed.text
    assert "Try again" not in listed.text + shown.text
    assert client.get(f"{LIST}/{entry_id}/retry").status_code == 403


def decide(client: FlaskClient, entry_id: int, act: str, reason: str) -> TestResponse:
    path = f"{LIST}/{entry_id}/{act}"
    return client.post(path, data=Page(client.get(path)).form().fields | {"reason": reason})


def tick(client: FlaskClient, act: str, *ids: int, query: str = "") -> TestResponse:
    token = Page(client.get(LIST)).form().fields["csrf_token"]
    return client.post(
        f"{LIST}{query}", data={"csrf_token": token, "act": act, "id": [str(each) for each in ids]}
    )


def acts() -> list[tuple[Any, ...]]:
    return read(AuditEntry.action, AuditEntry.subject, AuditEntry.reason, order=AuditEntry.id)
