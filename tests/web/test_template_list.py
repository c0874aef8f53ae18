"""The list of templates: what each is for and what should worry somebody, found by purpose and by words."""

import pytest
from flask.testing import FlaskClient

from crm.core.db import transaction
from crm.mobiletech.editing.faults import FAULT_WORDS
from crm.mobiletech.models import SmsTemplate
from crm.mobiletech.sms_templates import create_template
from tests.factories.messages import set_up_gateway
from tests.pages import Page

LIST = "/admin/templates"
RENEWAL = "{{ subscription_name }} predlzene, {{ price }} EUR/mesiac. Zrusit: STOP na 8877"


@pytest.mark.parametrize(
    ("content", "content_en", "warnings"),
    [
        ("Dakujeme", "Thank you", set()),
        ("Dakujeme", None, {"English missing"}),
        ("x" * 161, "Thank you", {"more than one part"}),
        ("Dakujeme", "y" * 161, {"more than one part"}),
        ("Cena 5 €", "Price 5 EUR", {"costly characters"}),
        ("Dakujeme ★", None, {"70 characters a part", "English missing"}),
        ("{{ name|default('€') }}", "{{ name ?? '' }}", set()),
    ],
)
def test_what_should_worry_somebody_is_said(
    staff: FlaskClient, content: str, content_en: str | None, warnings: set[str]
) -> None:
    make("welcome", content, content_en)

    page = Page(staff.get(LIST))

    assert {word.word for word in FAULT_WORDS.values() if word.word in page.text} == warnings


@pytest.mark.parametrize(
    ("content", "warning"),
    [("Dakujeme", "paid rules broken"), ("{% for %}", "cannot be read"), (RENEWAL, "never English missing")],
)
def test_what_was_stored_before_the_rules_is_warned_of(
    staff: FlaskClient, content: str, warning: str
) -> None:
    set_up_gateway()
    with transaction() as session:
        session.add(SmsTemplate(code="old", content=content, purpose="paid", version=1))

    assert warning in Page(staff.get(LIST)).text


@pytest.mark.parametrize(
    ("query", "shown"),
    [
        ("", ["pong", "renewal", "welcome"]),
        ("?purpose=paid", ["renewal"]),
        ("?purpose=service", ["pong", "welcome"]),
        ("?q=vitajte", ["welcome"]),
        ("?q=CITATE", ["welcome"]),
        ("?q=received", ["pong"]),
        ("?q=ren&purpose=paid", ["renewal"]),
        ("?q=nothing", []),
    ],
)
def test_templates_are_found_by_purpose_and_by_words(
    staff: FlaskClient, query: str, shown: list[str]
) -> None:
    make("pong", "Prijali sme", "We have received it")
    make("welcome", "Vitajte, že nás čítate")
    make("renewal", RENEWAL, purpose="paid")

    links = Page(staff.get(f"{LIST}{query}")).links

    assert [link.removeprefix(f"{LIST}/") for link in links if link.startswith(f"{LIST}/")] == [
        *(["new"] if shown or query else []),
        *shown,
    ]


@pytest.mark.parametrize(
    ("query", "problem"),
    [
        ("?purpose=marketing", "Purpose: 'marketing' is none of service, paid."),
        (f"?q={'x' * 101}", "Code or words: Write at most 100 characters."),
    ],
)
def test_a_filter_that_cannot_be_read_gets_an_answer(staff: FlaskClient, query: str, problem: str) -> None:
    page = Page(staff.get(f"{LIST}{query}"))

    assert page.status == 400
    assert problem in page.text


def make(code: str, content: str, content_en: str | None = None, purpose: str = "service") -> None:
    with transaction() as session:
        create_template(session, code, content, content_en=content_en, purpose=purpose)
