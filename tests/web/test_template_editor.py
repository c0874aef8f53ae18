"""The editor without JavaScript: values, costs, rules, what a change touches, tests; nothing typed is lost."""

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from crm.core.business_settings import set_setting
from crm.core.db import transaction
from crm.mobiletech.models import OutboundMessage
from crm.mobiletech.rules.models import Rule
from crm.mobiletech.sms_templates import create_template, get_template
from tests.factories.log import make_inbound, make_outbound
from tests.factories.messages import set_up_gateway
from tests.pages import Page
from tests.stored import read

LIST = "/admin/templates"
NEW = f"{LIST}/new"
PONG = f"{LIST}/pong"
RENEWAL = "{{ subscription_name }} predlzene, {{ price }} EUR/mesiac. Zrusit: STOP na 8877"


def test_the_values_shown_can_be_changed_and_stay(staff: FlaskClient) -> None:
    make("Ahoj {{ name }}", "Hello {{ name }}, {{ price }}")

    page = Page(send(staff, PONG, preview="1", **{"value-name": "Ľubomíra", "value-price": "7,5"}))

    assert "Ahoj Lubomira" in page.text
    assert "Hello Lubomira, 7.50" in page.text
    assert page.form().fields["value-name"] == "Ľubomíra"


def test_a_value_that_does_not_fit_is_told_beside_the_text(staff: FlaskClient) -> None:
    make("Do {{ end|date('d.m.Y') }}")

    page = Page(send(staff, PONG, preview="1", **{"value-end": "zajtra"}))

    assert "neither a date nor an ISO text of one" in page.text


def test_the_longest_case_of_real_values_is_shown(staff: FlaskClient) -> None:
    make()
    make_inbound(content="a" * 200)

    page = Page(staff.get(PONG))

    assert "Longest case: 2 parts , 213 of 306" in page.text
    assert "Longest in the latest SMS from readers:" in page.text


@pytest.mark.parametrize(
    ("content", "why", "button", "wish", "after"),
    [
        ("Za 5 € a 6 €", "counts as two characters, and stands here 2 times.", "Write EUR", "sk:€", "Za 5 EUR a 6 EUR"),
        ("Vitajte ★!", "★ makes a part hold 70 characters, not 160.", "Leave it out", "sk:★", "Vitajte !"),
        ("„Šéf“ {{ name|default('č€') }}", "", "Write it as it is sent", "sk:fold", "\"Séf\" {{ name|default('č€') }}"),
        ("[{{ name|default('[') }}]", "[ counts as two characters.", "Write (", "sk:[", "({{ name|default('[') }}]"),
    ],
)  # fmt: skip
def test_what_is_dear_is_replaced_by_a_button(
    staff: FlaskClient, content: str, why: str, button: str, wish: str, after: str
) -> None:
    make("Pong {{ name ?? '' }}")

    page = Page(send(staff, PONG, content=content, preview="1"))
    cheaper = Page(send(staff, PONG, content=content, cheaper=wish, reason="half typed"))

    assert why in page.text
    assert button in page.text
    assert (cheaper.status, cheaper.form().fields["content"]) == (200, after)
    assert cheaper.form().fields["reason"] == "half typed"
    assert version() == 1


@pytest.mark.parametrize("wish", ["", ":", "sk", "sk:", "xx:€", "en:fold", "sk:Я"])
def test_a_button_that_is_none_changes_nothing(staff: FlaskClient, wish: str) -> None:
    make("Za 5 € Я")

    assert Page(send(staff, PONG, cheaper=wish)).form().fields["content"] == "Za 5 € Я"


def test_what_is_dear_by_a_value_alone_is_told_and_cannot_be_replaced(staff: FlaskClient) -> None:
    make("Ahoj {{ name }}")

    page = Page(send(staff, PONG, preview="1", **{"value-name": "Юля"}))

    assert "Ю л я in a value makes a part hold 70 characters" in page.text
    assert "Leave it out" not in page.text


def test_both_texts_are_saved(staff: FlaskClient) -> None:
    make()
    english = "We got {{ original_message }}"

    response = send(staff, PONG, content_en=english)

    assert response.status_code == 302
    with transaction() as session:
        assert get_template(session, "pong").content_en == english


@pytest.mark.parametrize("button", [{}, {"preview": "1"}], ids=["saved", "previewed"])
def test_what_is_wrong_in_english_stands_beside_the_english_text(
    staff: FlaskClient, button: dict[str, str]
) -> None:
    make()

    page = Page(send(staff, PONG, content_en="{{ a.b }}", **button))

    assert page.status == 422
    assert "English text: " in page.text and "an attribute with a dot" in page.text
    assert page.form().fields["content_en"] == "{{ a.b }}"


def test_a_careless_paid_text_is_refused_with_all_it_lacks_and_stays(staff: FlaskClient) -> None:
    set_up_gateway()
    make()

    page = Page(send(staff, PONG, content="Dakujeme", purpose="paid", has_looked="original_message||"))

    assert page.status == 422
    for missing in ("Name the price", "Name the period", "Name the word STOP", "Name our short number"):
        assert f"Slovak text: {missing}" in page.text
    assert "Done: Fit into one part" in page.text
    assert (page.form().fields["content"], page.form().fields["purpose"]) == ("Dakujeme", "paid")
    assert version() == 1


def test_the_rules_of_a_paid_text_are_shown_with_their_sources(staff: FlaskClient) -> None:
    set_up_gateway()
    make()

    page = Page(send(staff, PONG, content=RENEWAL, content_en="Renewed", purpose="paid", preview="1"))

    assert page.text.count("Missing in English.") == 4
    assert "reliability, section 7: a second part can be a second charge" in page.text


def test_a_service_text_has_no_paid_rules(staff: FlaskClient) -> None:
    make()

    assert "What a paid text must do" not in Page(staff.get(PONG)).text


def test_a_change_of_values_shows_what_uses_the_template_before_it_is_saved(staff: FlaskClient) -> None:
    template_id = make()
    with transaction() as session:
        set_setting(session, "mobiletech_test_template_code", "pong")
        session.add(Rule(position=3, match="exact", text="INFO", action="reply", template_id=template_id))
    make_outbound(mobiletech_template_id=template_id, params={"original_message": "x"})
    typed = {"content": "Ahoj {{ gift }}", "content_en": "Hi {{ gift }}", "reason": "a present"}

    asked = Page(send(staff, PONG, **typed))

    assert asked.status == 422
    assert "original_message is not used any more" in asked.text
    assert (
        "gift is new: whoever does not give it gets no message. The latest message had it: 0 of 1."
        in asked.text
    )
    assert "Rule 3: INFO" in asked.text
    assert "Setting mobiletech_test_template_code" in asked.text
    assert "then tick the box" in asked.text
    kept = asked.form().fields
    assert {name: kept[name] for name in typed} == typed
    assert version() == 1

    saved = staff.post(PONG, data=kept)  # a form of a test has every box ticked

    assert (saved.status_code, version()) == (302, 2)


def test_a_tick_is_good_for_the_change_that_stood_beside_it(staff: FlaskClient) -> None:
    make()
    ticked = Page(send(staff, PONG, content="Ahoj {{ gift }}")).form().fields

    again = Page(staff.post(PONG, data=ticked | {"content": "Ahoj {{ day }}"}))

    assert (again.status, version()) == (422, 1)
    assert "day is new" in again.text
    assert "checked" not in again.response.text.partition('name="has_looked"')[0].rpartition("<input")[2]
    assert staff.post(PONG, data=again.form().fields).status_code == 302


def test_a_value_that_may_not_be_missing_any_more_is_a_change_too(staff: FlaskClient) -> None:
    make("Ahoj {{ name ?? '' }}")

    page = Page(send(staff, PONG, content="Ahoj {{ name }}"))

    assert page.status == 422
    assert "name cannot be left out any more." in page.text


def test_other_words_around_the_same_values_need_no_tick(staff: FlaskClient) -> None:
    make()

    assert send(staff, PONG, content="Mame: {{ original_message }}").status_code == 302


def test_a_test_is_sent_with_the_values_shown_and_nothing_is_lost(staff: FlaskClient) -> None:
    set_up_gateway(mobiletech_test_numbers="0908 630 549")
    make()

    page = Page(
        send(
            staff,
            PONG,
            trial="1",
            trial_number="0908630549",
            reason="half",
            **{"value-original_message": "Čau"},
        )
    )

    assert page.status == 200
    [(message_id, content, version_sent, purpose)] = read(
        OutboundMessage.id, OutboundMessage.content, OutboundMessage.template_version, OutboundMessage.purpose
    )
    assert (content, version_sent, purpose) == ("Prijali sme: Cau", 1, "test")
    assert f"/admin/messages/outbound/{message_id}" in page.links
    assert page.form().fields["reason"] == "half"


def test_the_english_text_can_be_tried_before_it_is_saved(staff: FlaskClient) -> None:
    set_up_gateway(mobiletech_test_numbers="0908 630 549")
    fields = {"code": "new", "content": "Ahoj", "content_en": "Hello {{ name }}", "trial_language": "en"}

    page = Page(send(staff, NEW, trial="1", trial_number="0908630549", **fields))

    assert page.status == 200
    assert read(OutboundMessage.content, OutboundMessage.mobiletech_template_id) == [("Hello Zofia", None)]
    assert page.form().fields["code"] == "new"


def test_pressing_send_twice_sends_once_and_a_new_page_sends_again(staff: FlaskClient) -> None:
    set_up_gateway(mobiletech_test_numbers="0908 630 549")
    make()
    filled = Page(staff.get(PONG)).form().fields | {"trial": "1", "trial_number": "0908630549"}

    first, again = Page(staff.post(PONG, data=filled)), staff.post(PONG, data=filled)
    sent_twice = len(read(OutboundMessage.id))
    staff.post(PONG, data=first.form().fields | {"trial": "1", "trial_number": "0908630549"})

    assert (again.status_code, sent_twice, len(read(OutboundMessage.id))) == (200, 1, 2)


def test_a_number_that_is_not_allowed_gets_no_test(staff: FlaskClient) -> None:
    set_up_gateway(mobiletech_test_numbers="0908 630 549")
    make()

    page = Page(send(staff, PONG, trial="1", trial_number="0905111222"))

    assert page.status == 422
    assert "Tests go to your own number" in page.text
    assert read(OutboundMessage.id) == []


def test_values_that_do_not_fit_are_told_and_nothing_is_sent(staff: FlaskClient) -> None:
    set_up_gateway(mobiletech_test_numbers="0908 630 549")
    make("Do {{ end|date('d.m.Y') }}")

    page = Page(send(staff, PONG, trial="1", trial_number="0908630549", **{"value-end": "zajtra"}))

    assert page.status == 422
    assert "Slovak text: The SMS text cannot be made" in page.text
    assert read(OutboundMessage.id) == []


def test_a_test_that_cannot_be_made_says_why(staff: FlaskClient) -> None:
    set_up_gateway(mobiletech_test_numbers="0908 630 549", mobiletech_billkey_free="")
    make()

    page = Page(send(staff, PONG, trial="1", trial_number="0908630549"))

    assert page.status == 422
    assert "Set mobiletech_billkey_free" in page.text


def test_without_an_allowed_number_the_page_says_how_to_get_one(staff: FlaskClient) -> None:
    make()

    page = Page(staff.get(PONG))

    assert "Link a number to your account" in page.text
    assert "Send as a test" not in page.text


def make(content: str = "Prijali sme: {{ original_message }}", content_en: str | None = None) -> int:
    with transaction() as session:
        return create_template(session, "pong", content, content_en=content_en).id


def version() -> int:
    with transaction() as session:
        return get_template(session, "pong").version


def send(client: FlaskClient, path: str, **fields: str) -> TestResponse:
    """Fill in the form as it stands on the page and send it by its button for saving, or by another."""
    filled = {"purpose": "service"} | Page(client.get(path)).form().fields
    filled.pop("has_looked", None)
    return client.post(path, data=filled | fields)
