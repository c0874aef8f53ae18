"""Rules in the browser: in order, tried before they are trusted, seen in the past before they are saved."""

from datetime import timedelta

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select

from crm.core.clock import db_now
from crm.core.db import transaction
from crm.mobiletech.models import InboundMessage
from crm.mobiletech.rules.editing import delete_rule, switch_rule
from crm.mobiletech.rules.models import Decision, Rule
from crm.mobiletech.sms_templates import get_template, save_template
from crm.users.models import AuditEntry
from tests.factories.log import make_inbound
from tests.factories.messages import WEBHOOK, make_receive, set_up_gateway, turn_on_test_answer
from tests.factories.rules import make_rule
from tests.factories.users import make_user
from tests.outbox import run_all
from tests.pages import Page, sign_in
from tests.rules_in_the_browser import CHOSEN, LIST, NEW, TRY, order, send, token, try_it, write
from tests.stored import read


def test_an_empty_list_says_what_a_rule_is_and_that_stop_is_first(staff: FlaskClient) -> None:
    page = Page(staff.get(LIST))

    assert "No rule yet" in page.text
    assert "KONIEC, NECHCEM, ODHLASIT, STOP, UKONCIT, UZ NEPOSIELAJTE, ZRUSIT" in page.text
    assert NEW in page.links


def test_the_list_stands_in_order_with_what_each_rule_does(staff: FlaskClient) -> None:
    first = make_rule(short_number="8877")
    second = make_rule("ZMENA ADRESY", match="starts_with", action="inbox")
    decide(first, times=2)
    decide(first, days_ago=31)

    page = Page(staff.get(LIST))

    assert page.text.index("STOP") < page.text.index("INFO") < page.text.index("ZMENA ADRESY")
    assert "INFO the whole text · 8877 replies with info In 30 days 2 On" in page.text
    assert "ZMENA ADRESY the text begins with it · every short number gives it to a person" in page.text
    assert [f"{LIST}/{first}", f"{LIST}/{second}"] == [link for link in page.links if link[-1:].isdecimal()]


def test_a_rule_that_everybody_writes_is_counted_to_a_limit(
    staff: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    decide(make_rule(), times=3)
    for module in ("crm.mobiletech.rules.queries", "crm.web.rule_pages"):
        monkeypatch.setattr(f"{module}.COUNTED", 2)

    assert "In 30 days 2+ On" in Page(staff.get(LIST)).text


def test_a_rule_that_cannot_act_any_more_says_why(staff: FlaskClient) -> None:
    make_rule()
    with transaction() as session:
        save_template(session, "info", "Cena {{ price }}")

    assert "The template info needs price." in Page(staff.get(LIST)).text


def test_a_template_that_cannot_be_read_harms_no_page_of_rules(staff: FlaskClient) -> None:
    rule_id = make_rule()
    break_template("info")

    listed, form = Page(staff.get(LIST)), Page(staff.get(f"{LIST}/{rule_id}"))
    new, tried = Page(staff.get(NEW)), Page(try_it(staff, "INFO"))

    told = "The template info cannot be read: Line 1 of the template:"
    assert told in listed.text
    assert told in tried.text
    assert (form.status, new.status) == (200, 200)


# --- try a text


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (
            "info!",
            ["It does not ask us to stop.", "The rule “INFO” fits: the whole text.", "It replies with info"],
        ),
        ("stop", ["It asks us to stop. STOP comes before every rule"]),
        ("INFO STOP", ["STOP stands at its beginning or end, so it asks us to stop. STOP comes before"]),
        ("stpo", ["It asks us to stop, with a typing error."]),
        ("chcem zrusit predplatne", ["It asks us to stop, in a sentence."]),
        ("ako zrusim", ["It may ask us to stop: it speaks of it, or asks how. A person gets it, and"]),
        ("sto", ["It may ask us to stop: it is like a STOP word"]),
        ("dost", ["It may ask us to stop: it refuses something"]),
        ("stop na bus je kde", ["STOP stands at its beginning or end"]),
        ("kde je stop na bus", ["It may ask us to stop: a STOP word stands among others."]),
        ("inof", ["The rule “INFO” does not fit: one letter is wrong", "No rule takes it"]),
        ("chcem info", ["The rule “INFO” does not fit: its words are only a part of the text."]),
        ("clovek prosim", ["The rule “CLOVEK” fits: the text begins with it.", "It waits in the inbox"]),
        ("pomoc", ["The rule “POMOC” fits, but is switched off."]),
        ("kurz", ["The rule “KURZ” fits, but listens to 8866 only."]),
        ("ahoj", ["4 rules do not fit.", "No rule takes it: it waits in the inbox for a person."]),
    ],
)
def test_a_tried_text_is_told_step_by_step(staff: FlaskClient, text: str, told: list[str]) -> None:
    set_up_gateway()
    make_rule(content="Odpoved na {{ original_message }}")
    make_rule("CLOVEK", match="starts_with", action="inbox")
    off = make_rule("POMOC", match="typo", action="inbox")
    make_rule("KURZ", short_number="8866", action="inbox")
    with transaction() as session:
        switch_rule(session, off, on=False)

    page = Page(try_it(staff, text))

    assert page.status == 200
    for sentence in told:
        assert sentence in page.text
    assert ("Odpoved na info!" in page.text) is (text == "info!")
    assert "the text is kept nowhere" in page.text
    assert read(InboundMessage.id) == []


def test_a_trial_tells_of_the_test_answer(staff: FlaskClient) -> None:
    turn_on_test_answer()

    page = Page(try_it(staff, "ahoj"))

    assert "There is no rule." in page.text
    assert "Until then the test answer pong goes out" in page.text


@pytest.mark.parametrize("text", ["", "   ", "a\0b", "x" * 1001])
def test_what_cannot_be_tried_is_told(staff: FlaskClient, text: str) -> None:
    page = Page(try_it(staff, text))

    assert page.status == 422
    assert "There is nothing to try yet" in page.text


def test_a_trial_is_no_address(staff: FlaskClient) -> None:
    assert staff.get(TRY).status_code == 405


# --- change


def test_a_rule_is_changed_where_it_stands(staff: FlaskClient) -> None:
    first = make_rule("A", action="inbox")
    make_rule("B", action="inbox")

    response = write(staff, f"{LIST}/{first}", text="C", match="starts_with", action="inbox")

    assert response.status_code == 302
    assert order() == ["C", "B"]
    assert "Changed a rule" in Page(staff.get(f"{LIST}/{first}")).text


def test_nothing_changed_is_said(staff: FlaskClient) -> None:
    rule_id = make_rule("A", action="inbox")

    write(staff, f"{LIST}/{rule_id}", match="exact", action="inbox")

    assert "Nothing was changed." in Page(staff.get(LIST)).text


def test_what_came_between_is_shown_and_the_typed_text_stays(staff: FlaskClient) -> None:
    rule_id = make_rule("A", action="inbox")
    path = f"{LIST}/{rule_id}"
    seen = Page(send(staff, path, text="MINE")).form().fields | CHOSEN
    write(staff, path, text="THEIRS")

    stale = Page(staff.post(path, data=seen))
    again = staff.post(path, data=stale.form().fields | CHOSEN)

    assert stale.status == 409
    assert "The rule THEIRS was changed meanwhile." in stale.text
    assert stale.form().fields["text"] == "MINE"
    assert again.status_code == 302
    assert order() == ["MINE"]


def test_a_switch_can_be_undone_in_the_flash(staff: FlaskClient) -> None:
    rule_id = make_rule()
    path = f"{LIST}/{rule_id}/switch"

    staff.post(path, data=token(staff) | {"to": "off"})
    page = Page(staff.get(LIST))
    undo = next(form for form in page.forms if form.action == path)

    assert "“INFO” is off" in page.text
    assert read(Rule.is_on) == [(False,)]

    staff.post(path, data=undo.fields)

    assert "“INFO” is on and acts from now on." in Page(staff.get(LIST)).text
    assert read(Rule.is_on) == [(True,)]


def test_a_move_that_silences_a_rule_warns_at_once(staff: FlaskClient) -> None:
    make_rule("INFO KURZ", action="inbox")
    general = make_rule("INFO", match="starts_with", action="inbox")

    staff.post(f"{LIST}/{general}/move", data=token(staff) | {"way": "up"})
    page = Page(staff.get(LIST))

    assert order() == ["INFO", "INFO KURZ"]
    assert "“INFO” is number 1 now." in page.text
    assert "“INFO KURZ”: It would never be asked" in page.text


@pytest.mark.parametrize(
    ("act", "data"), [("move", {"way": "sideways"}), ("move", {}), ("switch", {"to": "x"})]
)
def test_a_button_pressed_wrongly_changes_nothing(staff: FlaskClient, act: str, data: dict[str, str]) -> None:
    rule_id = make_rule()

    response = staff.post(f"{LIST}/{rule_id}/{act}", data=token(staff) | data)

    assert response.status_code == 302
    assert read(AuditEntry.id) == []


def test_a_rule_is_deleted_after_a_page_that_says_what_that_does(staff: FlaskClient) -> None:
    rule_id = make_rule()
    decide(rule_id, times=2)
    path = f"{LIST}/{rule_id}/delete"

    page = Page(staff.get(path))
    assert "It acted 2 times in the last 30 days." in page.text
    assert len(read(Rule.id)) == 1

    staff.post(path, data=page.form().fields)

    assert read(Rule.id) == []
    assert len(read(Decision.inbound_message_id)) == 2
    assert "The rule “INFO” is deleted." in Page(staff.get(LIST)).text


@pytest.mark.parametrize("path", ["99", "99/delete", str(2**70), f"{2**70}/delete", "x"])
def test_a_rule_that_is_not_there_is_not_found(staff: FlaskClient, path: str) -> None:
    assert Page(staff.get(f"{LIST}/{path}")).status == 404


def test_who_only_reads_sees_rules_and_no_buttons(client: FlaskClient) -> None:
    rule_id = make_rule()
    make_user(role="support", email="sam@example.sk")
    sign_in(client, "sam@example.sk")

    pages = [Page(client.get(LIST)), Page(client.get(f"{LIST}/{rule_id}"))]

    assert NEW not in pages[0].links
    assert "Switch off" not in pages[0].text
    assert "Your role reads rules." in pages[1].text
    assert "See what it would have done" not in pages[1].text
    assert Page(try_it(client, "info")).status == 200


# --- the trace on the message


def test_the_page_of_an_sms_tells_why_it_was_answered(staff: FlaskClient, gateway: object) -> None:
    set_up_gateway()
    make_rule("KURZ", action="inbox", short_number="8866")
    rule_id = make_rule()
    receive(staff, "info")

    page = Page(staff.get("/admin/messages/inbound/1"))

    assert "What was decided, and why It does not ask us to stop. 1 rule does not fit." in page.text
    assert (
        "The rule “INFO” fits: the whole text. Open the rule The answer was made. Open the answer"
        in page.text
    )
    assert f"{LIST}/{rule_id}" in page.links


STEPS = [
    ({"kind": "repeated", "of": 1}, "The operator sent the same SMS again"),
    ({"kind": "stop"}, "It asks us to stop. STOP comes before every rule"),
    ({"kind": "stop", "because": "beside", "keyword": "KLUB"}, "It names KLUB."),
    ({"kind": "stop", "because": "of a later version"}, "It asks us to stop. STOP comes before"),
    ({"kind": "near_stop", "because": "of a later version"}, "It may ask us to stop"),
    ({"kind": "answered"}, "An extension answered it, so no rule was asked."),
    ({"kind": "not_sent", "reason": "no_serv_id"}, "The answer could not be made: No service id."),
    ({"kind": "not_sent", "reason": "of_before"}, "The answer could not be made: of_before."),
    ({"kind": "confirmed", "user": 1}, "The account of the sender is confirmed."),
    ({"kind": "nobody"}, "The number belongs to nobody"),
    ({"kind": "given", "extension": "quiz"}, "The extension quiz got it."),
    ({"kind": "looped", "answers": 3, "minutes": 10}, "answered this number 3 times within 10 minutes"),
    ({"kind": "held", "failed": ["publisher"]}, "publisher failed and is tried again"),
    ({"kind": "of a later version"}, "What was decided"),
]


@pytest.mark.parametrize(("step", "sentence"), STEPS)
def test_every_step_is_a_sentence(staff: FlaskClient, step: dict[str, object], sentence: str) -> None:
    inbound = make_inbound()
    with transaction() as session:
        steps = [{"kind": "no_stop"}, step]
        session.add(Decision(inbound_message_id=inbound, outcome="rule", rule_id=1, steps=steps))

    assert sentence in Page(staff.get(f"/admin/messages/inbound/{inbound}")).text


def test_the_trace_of_a_deleted_rule_leads_nowhere(staff: FlaskClient) -> None:
    rule_id = make_rule(action="inbox")
    staff.post(WEBHOOK, data=make_receive(content="INFO"))
    run_all()
    before = Page(staff.get("/admin/messages/inbound/1"))
    with transaction() as session:
        delete_rule(session, rule_id)

    page = Page(staff.get("/admin/messages/inbound/1"))

    assert f"{LIST}/{rule_id}" in before.links
    assert "The rule “INFO” fits: the whole text." in page.text
    assert f"{LIST}/{rule_id}" not in page.links


def test_an_sms_of_before_the_rules_has_no_trace(staff: FlaskClient) -> None:
    assert "What was decided" not in Page(staff.get(f"/admin/messages/inbound/{make_inbound()}")).text


def receive(client: FlaskClient, text: str) -> None:
    assert client.post(WEBHOOK, data=make_receive(content=text)).status_code == 200
    run_all()


def decide(rule_id: int, *, times: int = 1, days_ago: int = 0) -> None:
    """Let the rule have acted."""
    for _ in range(times):
        inbound = make_inbound()
        with transaction() as session:
            at = session.execute(select(db_now() - timedelta(days=days_ago))).scalar_one()
            session.add(
                Decision(inbound_message_id=inbound, outcome="rule", rule_id=rule_id, steps=[], created_at=at)
            )


def break_template(code: str) -> None:
    """Leave a text as an import may: nobody has looked at it."""
    with transaction() as session:
        get_template(session, code).content = "{{ a.b() }}"
