"""One message says why it was sent, or why not and what to do; every word of it can be acted on."""

from typing import Any

import pytest
from flask.testing import FlaskClient

from crm.core.db import transaction
from crm.events.drain import drain
from crm.mobiletech.advice import REASON_ADVICE
from crm.mobiletech.client import OutcomeKind
from crm.mobiletech.models import SendAttempt, StatusReport
from crm.mobiletech.notifications import notify
from crm.mobiletech.wire.commands import Status
from crm.mobiletech.wire.xml_codec import encode_status
from crm.mobiletech.wishes import Envelope, Reason
from crm.users.models import KnownNumber
from crm.users.numbers import note_numbers
from tests.factories.log import NUMBER, make_inbound, make_not_sent, make_outbound
from tests.factories.messages import WEBHOOK, make_receive, turn_on_test_answer
from tests.factories.rules import make_rule, make_template
from tests.factories.users import make_user
from tests.fakes import FakeGateway
from tests.pages import Page
from tests.stored import read

LIST = "/admin/messages"


@pytest.mark.parametrize("reason", Reason)
def test_every_reason_says_what_to_do(staff: FlaskClient, reason: Reason) -> None:
    inbound = make_inbound()
    make_not_sent(inbound_message_id=inbound, reason=reason)

    page = Page(staff.get(f"{LIST}/inbound/{inbound}"))

    assert f"What to do: {REASON_ADVICE[reason]}" in page.text


def test_the_reason_of_no_answer_is_told_in_full_on_top(staff: FlaskClient) -> None:
    inbound = make_inbound()
    make_not_sent(inbound_message_id=inbound, reason="no_template", detail="There is no SMS template 'x'.")

    page = Page(staff.get(f"{LIST}/inbound/{inbound}"))

    assert "No answer: The template does not exist There is no SMS template 'x'. What to do:" in page.text


def test_who_was_answered_after_all_is_told_no_reason_on_top(staff: FlaskClient) -> None:
    inbound = make_inbound(mobiletech_id="in")
    make_not_sent(inbound_message_id=inbound, reason="other_handler_failed")
    make_outbound(rcv_msg_id="in")

    page = Page(staff.get(f"{LIST}/inbound/{inbound}"))

    assert "What to do:" not in page.text
    assert "No answer: Something else failed first" in page.text  # in the story it stays


def test_what_was_not_made_and_answers_nothing_has_a_page(staff: FlaskClient) -> None:
    make_template("welcome", "Vitajte!")
    user_id = make_user(role="customer", name="Žofia Čučoriedková")
    rule_id = make_rule(action="inbox")
    refusal = make_not_sent(
        reason="paid_without_payment",
        user_id=user_id,
        billkey="AA99",
        context=f"rule {rule_id}",
        to=NUMBER,
    )

    page = Page(staff.get(f"{LIST}/not-sent/{refusal}"))

    assert page.title == "No SMS to 0908 630 549"
    assert "Not sent: A paid key without a payment" in page.text
    assert f"Žofia Čučoriedková ({user_id})" in page.text
    assert f"Rule {rule_id} answers such a text." in page.text
    assert {f"/admin/rules/{rule_id}", "/admin/templates/welcome"} <= set(page.links)


def test_what_was_wanted_for_nobody_has_a_page(staff: FlaskClient) -> None:
    refusal = make_not_sent(to=None, reason="no_recipient", template_code=None)

    page = Page(staff.get(f"{LIST}/not-sent/{refusal}"))

    assert page.title == "An SMS to nobody"
    assert "Written by a person" not in page.text.replace("None, written by a person", "")


CAUSES: list[tuple[str, dict[str, Any], str, str | None]] = [
    (
        "the test answer",
        {"key": "test-answer:7"},
        "The test answer of the settings: no rule had answered the reader.",
        None,
    ),
    ("a rule", {"key": "rule:7", "context": "rule 1"}, "Rule 1 answers such a text.", "/admin/rules/1"),
    (
        "a rule that is gone",
        {"key": "rule:7", "context": "rule 3"},
        "Rule 3 answered such a text; it is deleted by now.",
        None,
    ),
    (
        "a test of a template",
        {"key": "template-test:x", "context": "template test"},
        "A test of a template, from its page. Billing",
        None,
    ),
    ("a code", {"key": "one-time-code:7"}, "A one-time code that was asked for", None),
    (
        "a ported number",
        {"key": "operator-change:7"},
        "Message 7 once more: the number is with another operator now.",
        f"{LIST}/outbound/7",
    ),
    ("a person", {"key": "answer:x", "context": "user 1"}, "Eva Nováková wrote it.", None),
    ("a person who is gone", {"key": "answer:x"}, "Somebody of the staff wrote it.", None),
    ("a command", {"context": "crm mobiletech test-notification"}, "A test, by a command.", None),
    ("a payment", {"payment_id": 12, "paid": True}, "It charges for payment 12.", None),
    (
        "a program, in its own words",
        {"context": "shop order 5"},
        "A program wanted it sent. shop order 5",
        None,
    ),
    ("a program, by its key", {"key": "greet:5"}, "A program wanted it sent. greet:5", None),
    ("nobody knows", {}, "A program wanted it sent.", None),
]


@pytest.mark.parametrize(("label", "made", "words", "link"), CAUSES, ids=[case[0] for case in CAUSES])
def test_it_says_why_it_was_sent(
    staff: FlaskClient, label: str, made: dict[str, Any], words: str, link: str | None
) -> None:
    make_rule(action="inbox")
    outbound = make_outbound(**made)

    page = Page(staff.get(f"{LIST}/outbound/{outbound}"))

    assert f"Why {words}" in page.text
    assert link is None or link in page.links
    assert "/admin/rules/3" not in page.links


@pytest.mark.parametrize(
    ("context", "words"),
    [
        ("user 1", "Eva Nováková wrote it."),
        ("template test", "A test of a template, from its page. To"),
        ("rule 9", "Rule 9 answered such a text; it is deleted by now."),
        ("shop order 5", "A program wanted it sent. shop order 5"),
    ],
)
def test_it_says_who_wanted_what_was_not_made(staff: FlaskClient, context: str, words: str) -> None:
    refusal = make_not_sent(context=context)

    page = Page(staff.get(f"{LIST}/not-sent/{refusal}"))

    assert f"Why {words}" in page.text
    assert "/admin/rules/9" not in page.links


def test_a_program_that_answers_is_told_from_one_that_writes_first(staff: FlaskClient) -> None:
    make_inbound(mobiletech_id="in")
    outbound = make_outbound(rcv_msg_id="in", key="greet:1")

    assert "Why A program answered the reader. greet:1" in Page(staff.get(f"{LIST}/outbound/{outbound}")).text


def test_the_values_of_the_template_are_shown(staff: FlaskClient, gateway: FakeGateway) -> None:
    turn_on_test_answer(content="Prijali sme: {{ original_message }}")
    staff.post(WEBHOOK, data=make_receive(content="<b>Ahoj</b>"))
    drain(for_seconds=10)

    page = Page(staff.get(f"{LIST}/outbound/1"))

    assert "Filled with original_message <b>Ahoj</b>" in page.text
    assert {"/admin/templates/pong", "/admin/templates/pong/versions"} <= set(page.links)


def test_nothing_of_a_code_is_shown(staff: FlaskClient) -> None:
    outbound = make_outbound(content="Vas kod je 123456", is_secret=True, key="one-time-code:1")

    page = Page(staff.get(f"{LIST}/outbound/{outbound}"))

    assert "123456" not in page.response.text
    assert "Filled with" not in page.text


@pytest.mark.parametrize(
    ("content", "length", "cut"),
    [
        ("Ahoj", "4 units, GSM-7, 1 part", ["Ahoj"]),
        ("Žiadam", "6 units, UCS-2, 1 part", ["Žiadam"]),
        ("a" * 161, "161 units, GSM-7, 2 parts", ["a" * 153, "a" * 8]),
        ("ž" * 71, "71 units, UCS-2, 2 parts", ["ž" * 67, "ž" * 4]),
        ("a\r\nb", "3 units, GSM-7, 1 part", ["a\r\nb"]),
    ],
)
def test_the_length_of_a_readers_sms_is_told_and_its_parts_are_parted(
    staff: FlaskClient, content: str, length: str, cut: list[str]
) -> None:
    inbound = make_inbound(content=content)

    page = Page(staff.get(f"{LIST}/inbound/{inbound}"))

    assert length in page.text
    assert "".join(f'<span class="bubble__part">{part}</span>' for part in cut) in page.response.text


@pytest.mark.parametrize(
    ("outcome", "told"),
    [
        (OutcomeKind.REJECTED, "It is not tried again."),
        (OutcomeKind.NOT_SENT, "Nothing went out, so it is tried again by itself"),
        (OutcomeKind.UNKNOWN, "Look it up in the gateway's own list before anything is sent again."),
    ],
)
def test_a_try_that_failed_says_what_to_do(staff: FlaskClient, outcome: OutcomeKind, told: str) -> None:
    outbound = make_outbound(state="unknown", billing="none")
    with transaction() as session:
        session.add(SendAttempt(outbound_message_id=outbound, outcome=outcome, detail="So.", took_ms=5))

    assert told in Page(staff.get(f"{LIST}/outbound/{outbound}")).text


def test_what_the_gateway_reported_is_shown_as_it_came(staff: FlaskClient) -> None:
    outbound = make_outbound(mobiletech_id="mt-1")
    with transaction() as session:
        raw = encode_status(Status(id="mt-1", status="D1"))
        session.add(StatusReport(mobiletech_id="mt-1", status="D1", raw=raw))

    page = Page(staff.get(f"{LIST}/outbound/{outbound}"))

    assert "What the gateway reported: D1" in page.text
    assert '<message command="status"><id>mt-1</id>' in page.text


def test_the_conversation_is_one_press_away(staff: FlaskClient) -> None:
    inbound, outbound, refusal = make_inbound(), make_outbound(), make_not_sent()
    pages = [f"{LIST}/inbound/{inbound}", f"{LIST}/outbound/{outbound}", f"{LIST}/not-sent/{refusal}"]
    before = [Page(staff.get(path)).links for path in pages]
    with transaction() as session:
        note_numbers(session, [NUMBER])
    [(number,)] = read(KnownNumber.id)

    after = [Page(staff.get(path)).links for path in pages]

    assert all(f"/admin/threads/{number}" in links for links in after)
    assert not any(link.startswith("/admin/threads") for links in before for link in links)


def test_a_refused_wish_without_an_sms_to_answer_is_in_the_list_and_opens(staff: FlaskClient) -> None:
    turn_on_test_answer()
    with transaction() as session:
        notify(Envelope(to=NUMBER, billkey="AA99"), None, "pong", {"original_message": "x"}, session=session)

    listed = Page(staff.get(f"{LIST}?state=not_sent"))
    page = Page(staff.get(next(link for link in listed.links if "/not-sent/" in link)))

    assert "A paid key without a payment" in listed.text
    assert "The billing key AA99 charges, and there is no payment." in page.text
