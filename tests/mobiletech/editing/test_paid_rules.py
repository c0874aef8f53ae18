"""A paid text without its price, period, STOP or number, or longer than one part, is refused, all at once."""

import pytest

from crm.core.db import transaction
from crm.mobiletech.catalogue.models import ShortNumber
from crm.mobiletech.editing.paid_rules import PAID_RULES, PaidRulesBrokenError
from crm.mobiletech.models import SmsTemplateVersion
from crm.mobiletech.sms_templates import create_template, find_template, save_template
from tests.factories.log import make_inbound, make_outbound
from tests.factories.messages import set_up_gateway
from tests.stored import read

pytestmark = pytest.mark.usefixtures("app")

RENEWAL = "{{ subscription_name }} predlzene, {{ price }} EUR/mesiac. Zrusit: STOP na 8877"  # interface.md 5
ENGLISH = "{{ subscription_name }} renewed, {{ price }} EUR/month. To cancel: STOP to 8877"
ALL = {rule.name for rule in PAID_RULES}

KEPT = [
    RENEWAL,
    "{{ subscription_name }}: {{ price }} €/mes. STOP na {{ short_number }}",
    "Bude Vám predĺžená služba, 2,90 Eur/30 dní. Vypnutie: stop na 8877",
    "{{ price|number_format(2, ',') }}€ za každý týždeň, ukončiť STOP na 8877",
    "Rocne predplatne €49. STOP na 8877",
    "{% if name ?? '' %}{{ name|slice(0, 10) }}: {% endif %}5 EUR jednorazovo. STOP na 8877",
    "{% if price > 5 %}Rok{% else %}Mesiac{% endif %} za {{ price }} EUR. STOP na 8877",
]
BROKEN = [
    ("Dakujeme", ALL - {"one_part"}),
    ("{{ price }} za mesiac. STOP na 8877", {"price"}),
    ("EUR {{ name }} mesacne, STOP na 8877", {"price"}),
    ("{{ price }} EUR. STOP na 8877", {"period"}),
    ("{{ subscription_name }} za {{ price }} EUR. STOP na 8877", {"period"}),
    ("{{ price }} EUR/mesiac. Zrusit na 8877", {"stop"}),
    ("{{ price }} EUR/mesiac. Nonstop na 8877", {"stop"}),
    ("{{ price }} EUR/mesiac. STOP", {"short_number"}),
    ("{{ price }} EUR/mesiac. STOP na 8866", {"short_number"}),
    ("{{ price }} EUR/mesiac. STOP na 88770", {"short_number"}),
    ("{{ price ?? '' }} EUR/mesiac. STOP na 8877", {"price"}),
    ("{% if free == 'no' %}{{ price }} EUR{% endif %} mesacne, STOP na 8877", {"price"}),
    (RENEWAL + " " + "x" * 120, {"one_part"}),
    (RENEWAL + " Прив" * 4, {"one_part"}),
    ("{{ original_message }} " + RENEWAL, {"one_part"}),
    ("{% if long %}" + "x" * 120 + "{% endif %}" + RENEWAL, {"one_part"}),
    ("{% if days > 30 %}" + "x" * 120 + "{% endif %}" + RENEWAL, {"one_part"}),
]


@pytest.mark.parametrize("content", KEPT)
def test_a_text_that_says_all_of_it_is_saved(content: str) -> None:
    set_up_gateway()

    with transaction() as session:
        assert create_template(session, "renewal", content, purpose="paid").version == 1


@pytest.mark.parametrize(("content", "broken"), BROKEN)
def test_a_text_is_refused_with_every_rule_that_it_breaks(content: str, broken: set[str]) -> None:
    set_up_gateway()
    make_inbound(content="a" * 150)

    with pytest.raises(PaidRulesBrokenError) as refused, transaction() as session:
        create_template(session, "renewal", content, purpose="paid")

    assert {rule.name for _, rule in refused.value.broken} == broken
    for _, rule in refused.value.broken:
        assert rule.sentence in str(refused.value)
    with transaction() as session:
        assert find_template(session, "renewal") is None


def test_the_longest_values_that_have_come_count() -> None:
    set_up_gateway()
    with transaction() as session:
        template_id = create_template(session, "renewal", RENEWAL, purpose="paid").id
    make_outbound(
        mobiletech_template_id=template_id, params={"subscription_name": "x" * 120, "price": "4.99"}
    )

    with pytest.raises(PaidRulesBrokenError) as refused, transaction() as session:
        save_template(session, "renewal", f"{RENEWAL}.")

    assert [rule.name for _, rule in refused.value.broken] == ["one_part"]


def test_the_english_text_is_held_to_the_same_rules() -> None:
    set_up_gateway()
    with transaction() as session:
        create_template(session, "renewal", RENEWAL, content_en=ENGLISH, purpose="paid")

    with pytest.raises(PaidRulesBrokenError, match=r"In English: Name the price") as refused:
        save("renewal", RENEWAL, content_en="Renewed, STOP to 8877")

    assert {(language, rule.name) for language, rule in refused.value.broken} == {
        ("en", "price"),
        ("en", "period"),
    }


def test_a_service_text_may_not_become_a_paid_one_carelessly() -> None:
    with transaction() as session:
        create_template(session, "welcome", "Vitajte")

    with pytest.raises(PaidRulesBrokenError):
        save("welcome", "Vitajte", purpose="paid")

    assert read(SmsTemplateVersion.version, SmsTemplateVersion.purpose) == [(1, "service")]


def test_a_paid_text_of_before_can_become_a_service_one() -> None:
    set_up_gateway()
    with transaction() as session:
        create_template(session, "renewal", RENEWAL, purpose="paid")

    save("renewal", "Dakujeme", purpose="service")

    assert read(SmsTemplateVersion.version, SmsTemplateVersion.purpose) == [(1, "paid"), (2, "service")]


def test_without_a_known_short_number_any_will_do() -> None:
    with transaction() as session:
        assert create_template(session, "renewal", RENEWAL, purpose="paid").version == 1


def test_each_of_several_short_numbers_will_do() -> None:
    set_up_gateway()
    with transaction() as session:
        session.add(ShortNumber(number="8866"))

    with transaction() as session:
        assert (
            create_template(session, "renewal", RENEWAL.replace("8877", "8866"), purpose="paid").version == 1
        )


def test_every_rule_tells_its_source() -> None:
    assert all(rule.source and rule.sentence.endswith(".") for rule in PAID_RULES)


def save(code: str, content: str, **options: object) -> None:
    with transaction() as session:
        save_template(session, code, content, **options)  # type: ignore[arg-type]
