"""The pages of messages show what happened, and survive what a person types into the address."""

from datetime import timedelta
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import func, update

from crm.core.db import transaction
from crm.events.drain import drain
from crm.events.models import OutboxEntry
from crm.events.publish import publish
from crm.events.registry import Event, registry
from crm.mobiletech.events import INBOUND
from crm.mobiletech.models import StatusReport
from crm.users.accounts import create_user
from crm.users.phones import link_phone
from tests.factories.catalogue import make_billkey
from tests.factories.log import NUMBER, START, make_inbound, make_not_sent, make_outbound
from tests.factories.messages import WEBHOOK, make_receive, make_status, turn_on_test_answer
from tests.factories.rules import make_template
from tests.fakes import FakeGateway, ambiguous, not_connected, rejected
from tests.pages import Page

LIST = "/admin/messages"


@pytest.mark.parametrize(
    "path",
    [
        "inbound/999",
        "outbound/999",
        "not-sent/999",
        f"not-sent/{2**63}",
        f"inbound/{2**63}",
        f"outbound/{10**40}",
        "inbound/x",
    ],
)
def test_a_message_that_does_not_exist_is_404(staff: FlaskClient, path: str) -> None:
    assert Page(staff.get(f"{LIST}/{path}")).status == 404


def test_an_sms_and_its_answer_tell_their_story(staff: FlaskClient, gateway: FakeGateway) -> None:
    turn_on_test_answer()
    staff.post(WEBHOOK, data=make_receive(id="1", content="Ahoj"))
    drain(for_seconds=10)
    staff.post(WEBHOOK, data=make_status("mt-1", "D1"))
    drain(for_seconds=10)

    inbound = Page(staff.get(f"{LIST}/inbound/1"))
    outbound = Page(staff.get(f"{LIST}/outbound/1"))

    _assert_in_order(inbound.text, "Received from the gateway", "Answer made", "Handled")
    _assert_in_order(
        outbound.text,
        "The reader wrote",
        "Text made and queued",
        "Template pong, version 1: 17 characters, 1 part in GSM-7.",
        "The gateway took it",
        "Reported D1: delivered",
    )
    assert "Delivered" in outbound.text
    assert f"{LIST}/outbound/1" in inbound.links
    assert f"{LIST}/inbound/1" in outbound.links
    assert "/admin/templates/pong" in outbound.links


@pytest.mark.parametrize("is_there", [True, False])
def test_a_message_leads_to_its_key_and_template_if_they_are_there(
    staff: FlaskClient, is_there: bool
) -> None:
    if is_there:
        make_billkey("AA99")
        make_template("gone", "Text")
    outbound, refusal = make_outbound(billkey="AA99"), make_not_sent(billkey="AA99", template_code="gone")

    links = Page(staff.get(f"/admin/messages/outbound/{outbound}")).links
    refused = Page(staff.get(f"/admin/messages/not-sent/{refusal}")).links

    assert ("/admin/billkeys/AA99" in links) is is_there
    assert ("/admin/billkeys/AA99" in refused) is is_there
    assert ("/admin/templates/gone" in refused) is is_there


def test_raw_xml_is_shown_with_masked_numbers(staff: FlaskClient) -> None:
    inbound, outbound = make_inbound(), make_outbound()

    for path in (f"inbound/{inbound}", f"outbound/{outbound}"):
        page = Page(staff.get(f"{LIST}/{path}"))
        assert "+421908***549" in page.text
        assert NUMBER not in page.text


@pytest.mark.parametrize(
    ("label", "outcome", "told"),
    [
        ("refused", rejected("unknown key"), ["The gateway refused it", "unknown key", "Rejected"]),
        ("not connected", not_connected(), ["It could not be handed over", "Is tried again", "Waits"]),
        (
            "ambiguous and paid",
            ambiguous(),
            ["Nobody knows whether it went out", "Unknown", "The reader may have been charged."],
        ),
    ],
)
def test_each_try_is_told_in_words(
    staff: FlaskClient, gateway: FakeGateway, label: str, outcome: Any, told: list[str]
) -> None:
    turn_on_test_answer(billkey="AA99")
    gateway.will(outcome)
    staff.post(WEBHOOK, data=make_receive(content="Ahoj"))
    drain(for_seconds=10)

    page = Page(staff.get(f"{LIST}/outbound/1"))

    assert [words for words in told if words not in page.text] == []


def test_a_report_that_came_early_says_so(staff: FlaskClient) -> None:
    outbound = make_outbound(mobiletech_id="late", sent_at=START + timedelta(minutes=2))
    with transaction() as session:
        session.add(
            StatusReport(mobiletech_id="late", status="A32", received_at=START + timedelta(minutes=1))
        )

    page = Page(staff.get(f"{LIST}/outbound/{outbound}"))

    assert "Reported A32: billing refused" in page.text
    assert "It came before we knew the message's id. Not applied yet." in page.text


@pytest.mark.parametrize(
    ("state", "word"),
    [
        ("held", "Held"),
        ("expired", "Expired"),
        ("cancelled", "Cancelled"),
        ("not_sent", "Not sent"),
        ("unknown", "Unknown"),
    ],
)
def test_a_state_without_a_try_tells_its_reason(staff: FlaskClient, state: str, word: str) -> None:
    outbound = make_outbound(
        state=state, billing="none", mobiletech_id=None, status=None, state_reason="So it was."
    )

    page = Page(staff.get(f"{LIST}/outbound/{outbound}"))

    assert f"{word} " in page.text
    assert "So it was." in page.text


def test_a_message_that_no_work_will_move_stands_out(staff: FlaskClient) -> None:
    outbound = make_outbound(state="queued", billing="none", mobiletech_id=None)

    assert "Nothing will send it" in Page(staff.get(f"{LIST}/outbound/{outbound}")).text


def test_a_contradiction_is_explained(staff: FlaskClient) -> None:
    outbound = make_outbound(conflict=True)

    assert "reported it both billed and refused" in Page(staff.get(f"{LIST}/outbound/{outbound}")).text
    assert "Reported both billed and refused" in Page(staff.get(LIST)).text


def test_long_texts_are_cut_where_a_phone_cuts_them(staff: FlaskClient) -> None:
    content = "a" * 153 + "b" * 100
    outbound = make_outbound(content=content, parts=2)

    page = Page(staff.get(f"{LIST}/outbound/{outbound}"))

    assert f'<span class="bubble__part">{"a" * 153}</span>' in page.response.text
    assert "253 units" in page.text


def test_a_failing_handler_is_named_with_its_next_try(
    staff: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(registry.handlers, INBOUND, [*registry.handlers[INBOUND], (100, "shop.greet", _fail)])
    staff.post(WEBHOOK, data=make_receive(content="Ahoj"))
    drain(for_seconds=10)

    page = Page(staff.get(f"{LIST}/inbound/1"))

    _assert_in_order(
        page.text, "Handled", "shop.greet failed", "Try 1 of 8: RuntimeError: the shop is closed"
    )
    assert "shop.greet is tried again" in page.text
    assert "Tried again" in Page(staff.get(LIST)).text


def test_work_of_a_handler_that_is_gone_is_still_told(staff: FlaskClient) -> None:
    staff.post(WEBHOOK, data=make_receive(content="Ahoj"))
    drain(for_seconds=10)
    with transaction() as session:
        publish(session, INBOUND, {"mobiletech_inbound_message_id": 1}, key="inbound:1/gone.greet")
        values = {
            "state": "dead",
            "handler": "gone.greet",
            "attempts": 8,
            "error": "LookupError: gone",
            "finished_at": func.crm_now(),
        }
        session.execute(update(OutboxEntry).where(OutboxEntry.key == "inbound:1/gone.greet").values(**values))

    page = Page(staff.get(f"{LIST}/inbound/1"))

    assert "gone.greet failed for good" in page.text
    assert "Try 8 of 8: LookupError: gone" in page.text


def test_work_done_long_ago_is_no_riddle(staff: FlaskClient) -> None:
    inbound = make_inbound()

    assert "finished work is kept for 30 days" in Page(staff.get(f"{LIST}/inbound/{inbound}")).text


def test_oddities_and_the_sender_are_told(staff: FlaskClient) -> None:
    with transaction() as session:
        user_id = create_user(session, email="zofia@example.sk", public_name="Žofia Čučoriedková").id
        link_phone(session, NUMBER, user_id)
    first = make_inbound()
    second = make_inbound(problems=["date_bad", "unheard_of"], duplicate_of=first, user_id=user_id)

    page = Page(staff.get(f"{LIST}/inbound/{second}"))

    assert "The date is not thirteen digits" in page.text
    assert "unheard_of" in page.text
    assert "No readable time" in page.text
    assert f"Žofia Čučoriedková ({user_id})" in page.text
    assert f"{LIST}/inbound/{first}" in page.links


NAUGHTY = [
    "<script>alert(1)</script>",
    "{{ 7*7 }}",
    "\u202eevil",
    "😀" * 200,
    "'\"><img src=x onerror=alert(1)>",
    "",
]


@pytest.mark.parametrize("content", NAUGHTY)
def test_what_readers_write_is_shown_and_nothing_more(staff: FlaskClient, content: str) -> None:
    inbound = make_inbound(content=content)

    for path in (LIST, f"{LIST}/inbound/{inbound}"):
        page = Page(staff.get(path))
        assert page.status == 200
        assert content[:50] in page.text


@pytest.mark.parametrize(("length", "shown"), [(1000, "x" * 1000), (1001, "x" * 1000 + " …")])
def test_a_text_longer_than_any_sms_is_cut(staff: FlaskClient, length: int, shown: str) -> None:
    inbound = make_inbound(content="x" * length)

    bubble = Page(staff.get(f"{LIST}/inbound/{inbound}")).text

    assert shown in bubble
    assert shown + "x" not in bubble


def _fail(_event: Event) -> None:
    raise RuntimeError("the shop is closed")


def _assert_in_order(text: str, *words: str) -> None:
    places = [text.find(each) for each in words]
    assert -1 not in places, [each for each, place in zip(words, places, strict=True) if place < 0]
    assert places == sorted(places)
