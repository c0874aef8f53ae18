"""Two languages of one template: who reads English gets English where there is one, everybody else Slovak."""

from decimal import Decimal

import pytest
from sqlalchemy import update

from crm.core.db import transaction
from crm.mobiletech.models import OutboundMessage, SmsTemplateVersion
from crm.mobiletech.notifications import notify_many
from crm.mobiletech.sms_templates import (
    EnglishTextError,
    create_template,
    get_template,
    render,
    save_template,
)
from crm.mobiletech.wishes import Envelope, Wish
from crm.users.models import User
from tests.factories.messages import set_up_gateway
from tests.factories.users import make_user
from tests.stored import read

pytestmark = pytest.mark.usefixtures("app")

TO = Envelope(to="+421908630549")


def test_the_language_of_the_receiver_chooses_the_text() -> None:
    set_up_gateway()
    make("welcome", "Vitajte", "Welcome")
    readers = [make_reader(locale) for locale in ("en_US", "sk_SK", None, "de_DE")]

    with transaction() as session:
        notify_many(session, [Wish(TO, reader, "welcome") for reader in (*readers, None)])

    assert read(OutboundMessage.content, OutboundMessage.language, order=OutboundMessage.id) == [
        ("Welcome", "en"),
        ("Vitajte", "sk"),
        ("Vitajte", "sk"),
        ("Vitajte", "sk"),
        ("Vitajte", "sk"),
    ]


def test_who_reads_english_gets_slovak_where_there_is_no_other() -> None:
    set_up_gateway()
    make("welcome", "Vitajte")
    reader = make_reader("en_US")

    with transaction() as session:
        notify_many(session, [Wish(TO, reader, "welcome")])

    assert read(OutboundMessage.content, OutboundMessage.language) == [("Vitajte", "sk")]


def test_a_wish_may_say_the_language_itself() -> None:
    set_up_gateway()
    make("welcome", "Vitajte", "Welcome")
    reader = make_reader("sk_SK")

    with transaction() as session:
        notify_many(session, [Wish(TO, reader, "welcome", language="en")])

    assert read(OutboundMessage.content) == [("Welcome",)]


@pytest.mark.parametrize(
    ("price", "slovak", "english"),
    [
        (Decimal("4.9"), "4,90", "4.90"),
        (Decimal("5"), "5,00", "5.00"),
        (Decimal("4.995"), "5,00", "5.00"),
        (5, "5,00", "5.00"),
        ("4,99", "4,99", "4,99"),
    ],
    ids=str,
)
def test_a_price_is_written_as_its_language_does(price: object, slovak: str, english: str) -> None:
    make("price", "{{ price }}", "{{ price }}")

    with transaction() as session:
        template = get_template(session, "price")
        texts = [
            render(template, {"price": price}, language).measured.text for language in (None, "sk", "en")
        ]

    assert texts == [slovak, slovak, english]


def test_filters_and_comparisons_see_the_number_behind_the_comma() -> None:
    make("price", "{% if price < 5 %}{{ price|number_format(1, '.') }} {{ other }} {{ days }}{% endif %}")

    with transaction() as session:
        values = {"price": Decimal("4.25"), "other": Decimal("2.5"), "days": 30}
        text = render(get_template(session, "price"), values).measured.text

    assert text == "4.3 2,5 30"


def test_a_change_of_the_english_text_is_a_version() -> None:
    make("welcome", "Vitajte", "Welcome")

    save("welcome", "Vitajte", content_en="Hello, {{ name }}")
    save("welcome", "Vitajte")
    save("welcome", "Vitajte", content_en="")

    assert read(SmsTemplateVersion.version, SmsTemplateVersion.content_en, SmsTemplateVersion.parameters) == [
        (1, "Welcome", []),
        (2, "Hello, {{ name }}", [{"name": "name", "required": True}]),
        (3, None, []),
    ]


def test_a_parameter_that_one_language_needs_is_needed() -> None:
    make("welcome", "Vitajte {{ name ?? '' }}", "Welcome {{ name }}")

    assert read(SmsTemplateVersion.parameters) == [([{"name": "name", "required": True}],)]


@pytest.mark.parametrize("english", ["{% for x in y %}x{% endfor %}", "{{ name.__class__ }}", "  "])
def test_what_is_wrong_in_english_is_told_as_such_and_changes_nothing(english: str) -> None:
    make("welcome", "Vitajte")

    with pytest.raises(EnglishTextError, match="In English: "):
        save("welcome", "Nazdar", content_en=english)

    assert read(SmsTemplateVersion.content, SmsTemplateVersion.content_en) == [("Vitajte", None)]


def make(code: str, content: str, content_en: str | None = None) -> None:
    with transaction() as session:
        create_template(session, code, content, content_en=content_en)


def save(code: str, content: str, **options: object) -> None:
    with transaction() as session:
        save_template(session, code, content, **options)  # type: ignore[arg-type]


def make_reader(locale: str | None) -> int:
    user_id = make_user(role="customer")
    with transaction() as session:
        session.execute(update(User).where(User.id == user_id).values(locale=locale))
    return user_id
