"""What a template of an SMS says for given values, as Twig would have said it.

Compared with Twig 3.5.1 on PHP 8.2, line by line. Ours differs on purpose where Twig has no answer or a worse
one: dates print, `a if b else c` exists, a decimal is a number (so 0.00 is false and 1E+3 is 1000).
"""

from datetime import UTC, date, datetime
from decimal import Decimal
from enum import StrEnum

import pytest

from crm.mobiletech.template_language import MissingParameterError, TemplateRenderError, compile_template

RENDERED = {
    "text alone": ("Dobrý deň, 100 % {} # €", {}, "Dobrý deň, 100 % {} # €"),
    "nothing is escaped": ("Ahoj {{ name }}", {"name": 'N & "Print"\'s <b>'}, 'Ahoj N & "Print"\'s <b>'),
    "a value is no template": ("{{ x }}", {"x": "{{ y }}{% if %}"}, "{{ y }}{% if %}"),
    "renewal": (
        "{{ subscription_name }} predlzene, {{ price }} EUR/mesiac. Zrusit: STOP na 8877",
        {"subscription_name": "Mesacne", "price": "4,99"},
        "Mesacne predlzene, 4,99 EUR/mesiac. Zrusit: STOP na 8877",
    ),
    "a decimal as it is": ("{{ x }}", {"x": Decimal("4.90")}, "4.90"),
    "a large decimal without exponent": ("{{ x }}", {"x": Decimal("1E+3")}, "1000"),
    "a float as PHP": ("{{ x }} {{ y }}", {"x": 4.0, "y": 4.9}, "4 4.9"),
    "true is 1, false and null are nothing": (
        "{{ true }}-{{ false }}-{{ null }}-{{ x }}",
        {"x": None},
        "1---",
    ),
    "literals": ("{{ 'á' }} {{ \"b\" }} {{ 5 }} {{ -2 }} {{ 1.50 }}", {}, "á b 5 -2 1.5"),
    "escapes in texts": ("{{ 'a\\n\\\\b\\'\\t\\\"' }}", {}, "a\n\\b'\t\""),
    "a day": ("{{ x }}", {"x": date(2026, 7, 1)}, "2026-07-01"),
    "a moment in Slovak time": (
        "{{ x }}",
        {"x": datetime(2026, 7, 1, 22, 30, tzinfo=UTC)},
        "2026-07-02 00:30",
    ),
    "a comment": ("a{# {{ nothing }} #}b", {}, "ab"),
    "newline after a tag is swallowed": ("{% if true %}\na\n{% endif %}\nb\n", {}, "a\nb\n"),
    "newline after a value stays": ("{{ 1 }}\n{{ 2 }}\n", {}, "1\n2\n"),
    "newline after a comment is swallowed": ("{# a #}\nb", {}, "b"),
    "whitespace is trimmed by a minus": ("a {{- ' b ' -}} c", {}, "a b c"),
    "elif": ("{% if x == 1 %}a{% elif x == 2 %}b{% else %}c{% endif %}", {"x": 2}, "b"),
    "elseif as in Twig": ("{% if x == 1 %}a{% elseif x == 2 %}b{% else %}c{% endif %}", {"x": 2}, "b"),
    "else": ("{% if x == 1 %}a{% elif x == 2 %}b{% else %}c{% endif %}", {"x": 3}, "c"),
    "and, or, not": ("{% if a and not b or c %}x{% endif %}", {"a": 1, "b": 0, "c": 0}, "x"),
    "and prints as in PHP": ("{{ 'a' and 'b' }}|{{ '' or 0 }}", {}, "1|"),
    "conditional expression": ("{{ 'a' if x else 'b' }}{{ 'c' if x }}", {"x": 0}, "b"),
    "the text 0 is false": ("{% if x %}a{% else %}b{% endif %}", {"x": "0"}, "b"),
    "the text 0.0 is true": ("{% if x %}a{% else %}b{% endif %}", {"x": "0.0"}, "a"),
    "decimal zero is false": ("{% if x %}a{% else %}b{% endif %}", {"x": Decimal("0.00")}, "b"),
    "?? when not given": ("{{ a ?? 'x' }}", {}, "x"),
    "?? when null": ("{{ a ?? 'x' }}", {"a": None}, "x"),
    "?? keeps an empty text": ("[{{ a ?? 'x' }}]", {"a": ""}, "[]"),
    "?? keeps zero and false": ("{{ a ?? 'x' }}{{ b ?? 'x' }}", {"a": 0, "b": False}, "0"),
    "?? in a chain": ("{{ a ?? b ?? 'x' }}{{ a ?? c ?? 'y' }}", {"c": "C"}, "xC"),
    "?? does not look at its right side": ("{{ a ?? b }}", {"a": "A"}, "A"),
    "?? before a comparison": ("{% if a ?? 'x' == 'x' %}same{% endif %}", {}, "same"),
    "?? after not": ("{% if not a ?? false %}none{% endif %}", {}, "none"),
    "?? in brackets with a filter": ("{{ (a ?? 'ž')|upper }}{{ a ?? 'ž'|upper }}", {"a": "č"}, "Čč"),
    "?? in texts is text": ("Čo?? {{ 'a ?? b' }} {{ a ?? \"??\" }}", {}, "Čo?? a ?? b ??"),
    "?? with many fallbacks": ("{{ a" + " ?? a" * 20 + " ?? 'x' }}", {}, "x"),
    "is defined": ("{% if a is defined %}{{ a }}{% else %}-{% endif %}", {}, "-"),
    "is not null": ("{{ a is not null }}{{ a is null }}", {"a": "x"}, "1"),
}


@pytest.mark.parametrize(("source", "params", "expected"), RENDERED.values(), ids=RENDERED)
def test_template_renders_as_in_twig(source: str, params: dict[str, object], expected: str) -> None:
    assert compile_template(source).render(params) == expected


COMPARED = {
    "numbers": ("x > 5", {"x": 7}, True),
    "a number spelled as text": ("x > 5", {"x": "7"}, True),
    "numeric texts as numbers": ("x == '4.9'", {"x": "4.90"}, True),
    "texts by letters": ("x < 'b'", {"x": "a"}, True),
    "a word is not zero": ("x == 0", {"x": "abc"}, False),
    "decimal with float": ("x <= 4.99", {"x": Decimal("4.99")}, True),
    "null is the empty text": ("x == ''", {"x": None}, True),
    "null is zero": ("x == 0", {"x": None}, True),
    "true is any text": ("x == 'áno'", {"x": True}, True),
    "not equal": ("x != 'a'", {"x": "b"}, True),
    "at least": ("x >= 3", {"x": 2}, False),
    "day before moment": (
        "x < y",
        {"x": date(2026, 7, 2), "y": datetime(2026, 7, 1, 22, 30, tzinfo=UTC)},
        True,
    ),
    "a date is no text": ("x == '2026-07-01'", {"x": date(2026, 7, 1)}, False),
    "a date is not null": ("x != null", {"x": date(2026, 7, 1)}, True),
}


@pytest.mark.parametrize(("test", "params", "expected"), COMPARED.values(), ids=COMPARED)
def test_values_compare_as_in_php(test: str, params: dict[str, object], expected: bool) -> None:
    text = compile_template("{% if " + test + " %}yes{% else %}no{% endif %}").render(params)

    assert text == ("yes" if expected else "no")


def test_every_missing_parameter_is_named_at_once() -> None:
    template = compile_template(
        "{{ name }} {{ nick ?? '' }} {{ price|number_format(2) }} {{ day|date('j.n.') }}"
    )

    with pytest.raises(MissingParameterError) as refused:
        template.render({"price": 5})

    assert refused.value.names == ("name", "day")
    assert str(refused.value) == "The template needs the parameters name, day, which are not given."


@pytest.mark.parametrize(
    "use",
    ["{{ x }}", "{% if x %}a{% endif %}", "{{ x == 1 }}", "{{ 1 < x }}", "{{ not x }}", "{{ x is null }}",
     "{{ x|upper }}", "{{ 'a'|replace({'a': x}) }}", "{{ y ?? x }}", "{{ y|default(x) }}",
     "{{ 1 if x else 2 }}",
     "{{ x|upper|default('a') }}", "{{ 'a'|slice(x) }}", "{{ true and x }}"],
)  # fmt: skip
def test_parameter_that_is_not_given_is_refused_wherever_it_is_used(use: str) -> None:
    with pytest.raises(MissingParameterError) as refused:
        compile_template(use).render({})

    assert refused.value.names == ("x",)


def test_parameter_of_a_branch_not_taken_may_be_missing() -> None:
    assert compile_template("{% if a %}{{ b }}{% else %}c{% endif %}").render({"a": False}) == "c"


class _Colour(StrEnum):
    RED = "červená"


class _Liar:
    __class__ = str  # type: ignore[assignment]

    def __str__(self) -> str:
        raise AssertionError("a template must not run a stranger's code")

    __format__ = __html__ = __len__ = __str__  # type: ignore[assignment]


@pytest.mark.parametrize(
    "value",
    [_Liar(), object(), [1], {"a": 1}, b"a", len, str, 1j, float("nan"), float("inf"), Decimal("NaN"), 10**40,
     Decimal("1E+999999"), Decimal("1E-999999"), 10**5000, "a" * 20_001, date.min, date.max],
    ids=lambda value: type(value).__name__,
)  # fmt: skip
def test_value_that_is_not_plain_is_refused_by_the_name_of_its_parameter(value: object) -> None:
    with pytest.raises(TemplateRenderError, match="the parameter price is"):
        compile_template("{{ price }}").render({"price": value})


def test_value_that_the_template_does_not_use_is_not_looked_at() -> None:
    assert compile_template("a").render({"x": _Liar()}) == "a"


def test_text_enum_counts_as_its_text() -> None:
    assert compile_template("{{ x|upper }}").render({"x": _Colour.RED}) == "ČERVENÁ"


def test_text_of_a_thousand_characters_is_the_longest() -> None:
    template = compile_template("{{ x }}{{ x }}")

    assert len(template.render({"x": "ž" * 500})) == 1000
    with pytest.raises(TemplateRenderError, match="longer than 1000 characters"):
        template.render({"x": "ž" * 501})


def test_long_value_may_be_made_short() -> None:
    assert compile_template("{{ x|slice(0, 3) }}").render({"x": "ďakujem " * 2000}) == "ďak"


def test_order_of_a_date_and_a_text_is_refused() -> None:
    with pytest.raises(TemplateRenderError, match="before or after a date only"):
        compile_template("{{ x < 'a' }}").render({"x": date(2026, 7, 1)})


def test_same_source_is_compiled_once() -> None:
    assert compile_template("{{ a }} once") is compile_template("{{ a }} once")
