"""The longest case is made of values that have really come, through every branch of the text."""

from decimal import Decimal

import pytest

from crm.core.db import transaction
from crm.mobiletech.catalogue.models import Billkey
from crm.mobiletech.editing.longest import read_longest
from crm.mobiletech.editing.worst_case import Case, find_worst
from crm.mobiletech.sms_templates import check_content, create_template
from tests.factories.log import make_inbound, make_outbound
from tests.factories.users import make_user

pytestmark = pytest.mark.usefixtures("app")


def test_the_longest_value_of_its_messages_is_found() -> None:
    template_id = make("Predplatne {{ kind }}")
    for kind in ("kratke", "x" * 30, "stredne dlhe"):
        make_outbound(mobiletech_template_id=template_id, params={"kind": kind})
    make_outbound(mobiletech_template_id=make("{{ kind }}", "other"), params={"kind": "y" * 90})
    make_outbound(mobiletech_template_id=template_id, params=None)

    worst = find("Predplatne {{ kind }}", template_id)

    assert worst.measured.text == f"Predplatne {'x' * 30}"


def test_a_short_value_that_needs_another_alphabet_may_be_the_worst() -> None:
    make_inbound(content="a" * 100)
    make_inbound(content="Diky 😀" + "b" * 70)

    worst = find("Prijali sme: {{ original_message }}")

    assert (worst.measured.encoding, worst.measured.parts) == ("ucs2", 2)


@pytest.mark.parametrize(
    ("content", "made_of"),
    [
        ("{{ name }}", "Maximiliana Krasnohorska-Podhradska"),
        ("{{ price }}", "149,90"),
        ("{{ gift }}", "gift"),
        ("{{ end|date('d.m.Y') }}", "24.12.2026"),
        ("{{ sum|number_format(2, ',') }}", "4,99"),
        ("{% if gift is defined %}a{% else %}bbb{% endif %}", "bbb"),
        ("{% if name %}a{% else %}bbbb{% endif %}{{ name|slice(0, 1) }}", "bbbb"),
        ("{% if language == 'en' %}bbbbb{% else %}a{% endif %}", "bbbbb"),
        ("{% if days > 30 %}bbbbbb{% else %}a{% endif %}", "bbbbbb"),
        ("{% if days >= 30 %}a{% else %}bbbbbbb{% endif %}", "bbbbbbb"),
        (
            "{{ a ?? '' }}{{ b ?? '' }}{{ c ?? '' }}{{ d ?? '' }}{{ e ?? '' }}{{ f ?? 'xxxxxx' }}",
            "abcdexxxxxx",
        ),
    ],
)
def test_every_source_and_every_branch_is_tried(content: str, made_of: str) -> None:
    make_user(name="Maximiliána Krásnohorská-Podhradská")
    with transaction() as session:
        session.add(Billkey(code="AA99", kind="paid", price=Decimal("149.90")))

    assert find(content).measured.text == made_of


def test_where_a_value_was_found_is_told() -> None:
    make_user(name="Eva Nováková")

    with transaction() as session:
        longest = read_longest(session, None, ["name", "unheard"])

    assert {name: [(each.value, each.found_in) for each in found] for name, found in longest.items()} == {
        "name": [("Eva Nováková", "among the newest public names")]
    }


def make(content: str, code: str = "pong") -> int:
    with transaction() as session:
        return create_template(session, code, content).id


def find(content: str, template_id: int | None = None) -> Case:
    compiled = check_content(content)
    with transaction() as session:
        names = [parameter.name for parameter in compiled.parameters]
        worst = find_worst(compiled, read_longest(session, template_id, names), "sk")
    assert worst is not None
    return worst
