"""Writing a rule in the browser: what it would have done is seen first, and nothing typed is lost."""

from collections.abc import Iterator

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import update

from crm.core.db import transaction
from crm.events.registry import registry
from crm.mobiletech.conversations.models import InboxItem
from crm.mobiletech.events import rule_event
from crm.mobiletech.rules import past
from crm.mobiletech.rules.models import Rule
from crm.mobiletech.sms_templates import get_template
from crm.subscriptions.models import SubscriptionType
from crm.users.models import AuditEntry, KnownNumber
from tests.factories.log import make_inbound, make_outbound
from tests.factories.messages import set_up_gateway
from tests.factories.money import make_type, set_up_sale
from tests.factories.rules import make_rule, make_template
from tests.pages import Page
from tests.rules_in_the_browser import CHOSEN, LIST, NEW, came, send, write
from tests.stored import read


def test_a_rule_is_seen_in_the_past_before_it_is_saved(staff: FlaskClient) -> None:
    make_template("info", "Noviny od piatku.")
    came("Info!", times=2)
    came("info")
    came("ahoj")
    came("INFO", days_ago=31)

    seen = Page(send(staff, NEW, text="info", action="reply", template="info"))

    assert seen.status == 200
    assert "In the last 30 days this would have matched 3 SMS" in seen.text
    assert "Looked at all 4 messages of these days." in seen.text
    assert "Info! 2 SMS Today: nobody Then: this rule" in seen.text
    assert read(Rule.id) == []

    saved = staff.post(NEW, data=seen.form().fields | CHOSEN | {"action": "reply"})

    assert (saved.status_code, saved.location) == (302, LIST)
    assert "The rule “info” is saved and acts from now on." in Page(staff.get(LIST)).text
    assert read(Rule.text, Rule.match, Rule.action) == [("info", "exact", "reply")]
    assert read(AuditEntry.action, AuditEntry.actor) == [("rule.create", "Eva Nováková")]


def test_what_was_changed_after_the_look_is_looked_at_again(staff: FlaskClient) -> None:
    seen = Page(send(staff, NEW, text="info"))

    again = staff.post(NEW, data=seen.form().fields | {"match": "exact", "action": "inbox", "text": "kurz"})

    assert again.status_code == 200
    assert "In the last 30 days this would have matched nothing" in Page(again).text
    assert read(Rule.id) == []


def test_the_look_says_what_answers_today_and_who_would_come_first(staff: FlaskClient) -> None:
    taker = make_rule("INFO KURZ", action="inbox")
    came("info kurz")
    answered("info tatry", key="test-answer:1")
    answered("info praha", key=None)
    came("info stop")

    page = Page(send(staff, NEW, text="INFO", match="starts_with"))

    assert "would have matched 3 SMS" in page.text
    assert "1 of them goes to a rule before it." in page.text
    assert "info kurz 1 SMS Today: the rule “INFO KURZ” Then: the rule “INFO KURZ”" in page.text
    assert "info tatry 1 SMS Today: the test answer pong Then: this rule" in page.text
    assert "info praha 1 SMS Today: an extension or a person Then: this rule" in page.text
    assert "info stop" not in page.text
    assert taker


def test_the_look_stops_at_a_limit_and_says_how_far_it_went(
    staff: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(past, "LOOKED_AT", 2)
    came("info", days_ago=2)
    came("info")
    came("ahoj")

    page = Page(send(staff, NEW, text="info"))

    assert "would have matched 1 SMS" in page.text
    assert "Looked at the newest 2 messages, back to" in page.text


def test_a_rule_that_would_silence_another_says_so_first(staff: FlaskClient) -> None:
    other = make_rule("INFO KURZ", action="inbox")

    page = Page(send(staff, NEW, text="INFO", match="starts_with", before=str(other)))

    assert "It takes everything from “INFO KURZ”, further down" in page.text


@pytest.mark.parametrize(
    ("fields", "told"),
    [
        ({"text": ""}, "Text: Write what the reader writes."),
        ({"text": "?!"}, "Text: Write a word"),
        ({"text": "zrušiť"}, "Text: zrušiť asks us to stop. STOP always wins"),
        ({"text": "a\0b"}, "Text: Take out the zero character"),
        ({"text": "x" * 101}, "Text: Write at most 100 characters."),
        ({"text": "kod", "match": "typo"}, "Fits when: With a typing error allowed"),
        ({"match": "regex"}, "Fits when: There is no match regex"),
        ({"action": "subscribe"}, "Subscription: Choose the subscription type that is sold."),
        (
            {"action": "subscribe", "subscription_type": "nope"},
            "Subscription: There is no subscription type nope.",
        ),
        ({"action": "charge"}, "What happens: There is no action charge"),
        ({"action": "reply"}, "Template: Choose the template that is the answer."),
        ({"action": "reply", "template": "nope"}, "Template: There is no SMS template nope."),
        ({"action": "reply", "template": "paid"}, "Template: The template paid is for paid messages"),
        ({"action": "extension"}, "Extension: Say which extension gets the SMS."),
        ({"action": "extension", "extension": "quiz"}, "Extension: No extension quiz is installed."),
        ({"short_number": "+421908"}, "Written to: +421908 is no short number"),
        ({"text": "CLOVEK NOW"}, "Place: It would never be asked: CLOVEK (the text begins with it) stands"),
        (
            {"text": "Človek", "match": "starts_with", "short_number": ""},
            "Text: There is such a rule already",
        ),
    ],
)
def test_an_impossible_rule_is_told_and_what_was_typed_stays(
    staff: FlaskClient, fields: dict[str, str], told: str
) -> None:
    make_rule("CLOVEK", match="starts_with", action="inbox")
    make_template("paid", "Mesacne 4,99 EUR na mesiac. Zrusit: STOP na 8877", purpose="paid")
    typed = {"text": "kurz", "short_number": "8866"} | fields

    page = Page(send(staff, NEW, **typed))

    assert page.status == 422
    assert told in page.text
    assert page.form().fields["text"] == typed["text"].strip()
    assert page.form().fields["short_number"] == typed["short_number"]
    assert len(read(Rule.id)) == 1


def test_a_template_that_the_action_has_no_use_for_is_not_meant(staff: FlaskClient) -> None:
    make_template("info", "Noviny od piatku.")

    write(staff, NEW, text="kurz", action="inbox", template="info", extension="quiz")

    assert read(Rule.action, Rule.template_id, Rule.extension) == [("inbox", None, None)]


def test_the_form_offers_what_there_is(staff: FlaskClient, extensions: None) -> None:
    set_up_gateway()
    came("ahoj", to="8866")
    make_template("info", "Noviny od piatku.")
    make_template("paid", "Mesacne 4,99 EUR na mesiac. Zrusit: STOP na 8877", purpose="paid")
    make_rule("KURZ", action="inbox")

    text = staff.get(NEW).text

    for offered in ("8866", "8877", "info", "shop", "1"):
        assert f'value="{offered}"' in text
    assert 'value="paid"' not in text


def test_a_rule_is_made_of_what_waits_in_the_inbox(staff: FlaskClient) -> None:
    item = in_the_inbox("Koľko stojí predplatné?", to="8866")

    fields = Page(staff.get(f"{NEW}?inbox={item}")).form().fields

    assert (fields["text"], fields["short_number"]) == ("Koľko stojí predplatné?", "8866")


@pytest.mark.parametrize("item", ["0", "99", "x", "9" * 30, "-1", "²"])
def test_what_waits_nowhere_makes_an_empty_form(staff: FlaskClient, item: str) -> None:
    page = Page(staff.get(NEW, query_string={"inbox": item}))

    assert (page.status, page.form().fields["text"]) == (200, "")


def answered(text: str, *, key: str | None) -> None:
    make_template("pong", "Prijali sme.")
    with transaction() as session:
        template_id = get_template(session, "pong").id
    [inbound] = came(text, mobiletech_id=f"mt-{text}")
    make_outbound(key=key, rcv_msg_id=f"mt-{text}", mobiletech_template_id=template_id)
    assert inbound


def in_the_inbox(text: str, **values: str) -> int:
    inbound = make_inbound(content=text, **values)
    with transaction() as session:
        number = KnownNumber(number="+421908630549")
        session.add(number)
        session.flush()
        item = InboxItem(inbound_message_id=inbound, number_id=number.id, reason="unmatched")
        session.add(item)
        session.flush()
        return item.id


@pytest.fixture
def extensions(app: Flask) -> Iterator[None]:
    """Install an extension that a rule can give an SMS to; it is gone afterwards."""
    registry.on(rule_event("shop"), lambda event: None, name="shop")
    yield
    del registry.handlers[rule_event("shop")]


def test_an_editor_sells_a_subscription_by_a_rule_and_hears_when_it_cannot_be_sold(
    staff: FlaskClient,
) -> None:
    set_up_sale()
    make_type()
    typed = {"text": "start", "action": "subscribe", "subscription_type": "month", "asks_first": "y"}

    saved = write(staff, NEW, **typed)

    assert saved.status_code == 302
    assert read(Rule.action, Rule.subscription_type, Rule.asks_first) == [("subscribe", "month", True)]
    assert "sells month after the reader's ANO" in Page(staff.get(LIST)).text
    with transaction() as session:
        session.execute(update(SubscriptionType).values(active=False))
    assert "The subscription type month is not sold: it is switched off." in Page(staff.get(LIST)).text


def test_a_rule_keeps_nothing_of_a_sale_when_it_does_something_else(staff: FlaskClient) -> None:
    set_up_sale()
    make_type()

    write(staff, NEW, text="start", action="state", subscription_type="month", asks_first="y")

    assert read(Rule.action, Rule.subscription_type, Rule.asks_first) == [("state", None, False)]
