"""What the template language does not have is refused by name and line before anything is rendered."""

import tracemalloc

import pytest

from crm.mobiletech.template_language import TemplateRefusedError, TemplateRenderError, compile_template
from tests.factories.attacks import ESCAPES

REFUSED = {
    "{% for i in x %}{{ i }}{% endfor %}": "the tag {% for %} is not supported",
    "{% set a = 1 %}": "the tag {% set %}",
    "{% include 'a' %}": "the tag {% include %}",
    "{% extends 'a' %}": "the tag {% extends %}",
    "{% import 'a' as b %}": "the tag {% import %}",
    "{% macro a() %}{% endmacro %}": "the tag {% macro %}",
    "{% block a %}{% endblock %}": "the tag {% block %}",
    "{% filter upper %}a{% endfilter %}": "the tag {% filter %}",
    "{% verbatim %}{{ a }}{% endverbatim %}": "the tag {% verbatim %}",
    "{% raw %}{{ a }}{% endraw %}": "the tag {% raw %}",
    "{%- raw -%}{{ a }}": "the tag {% raw %}",
    "{% call a() %}{% endcall %}": "the tag {% call %}",
    "{% with %}{% endwith %}": "the tag {% with %}",
    "{% autoescape true %}{% endautoescape %}": "the tag {% autoescape %}",
    "{% do a %}": "the tag {% do %}",
    "{% trans %}{% endtrans %}": "the tag {% trans %}",
    "{{ a.b }}": "an attribute with a dot",
    "{{ a['b'] }}": "an element with [ ]",
    "{{ [1, 2] }}": "a list",
    "{{ 1..5 }}": "a dot",
    "{{ (1, 2) }}": "a list of values",
    "{{ a, b }}": "a list of values",
    "{{ () }}": "a list of values",
    "{{ {'a': 1} }}": "a mapping { }",
    "{{ range(5) }}": "calling a function, range(),",
    "{{ a|upper()() }}": "calling a function",
    "{{ a + b }}": "arithmetic (+)",
    "{{ a - b }}": "arithmetic (-)",
    "{{ a * b }}": "arithmetic (*)",
    "{{ a / b }}": "arithmetic (/)",
    "{{ a // b }}": "arithmetic (//)",
    "{{ a % b }}": "arithmetic (%)",
    "{{ a ** b }}": "arithmetic (**)",
    "{{ -a }}": "a minus before anything but a number",
    "{{ a ~ b }}": "joining texts with ~",
    "{{ a in b }}": "the operator in ",
    "{{ a not in b }}": "the operator not in ",
    "{{ a ? b : c }}": "the operator ? :",
    "{{ a ?: c }}": "the operator ? :",
    "{{ a && b }}": "the sign &",
    "{{ !a }}": "the sign !",
    "{{ a == b == c }}": "two comparisons in a row",
    "{{ not a == b }}": "not before a comparison needs brackets",
    "{{ a|upper ?? 'x' }}": "?? after anything but a parameter",
    "{{ a ?? b is defined }}": "a test after ??",
    "{{ a is empty }}": 'the test "is empty"',
    "{{ a is divisible by(3) }}": 'the test "is divisible"',
    "{{ a|upper is defined }}": '"is defined" after anything but a parameter',
    "{{ a|escape }}": "the filter escape is not supported",
    "{{ a|e }}": "the filter e ",
    "{{ a|length }}": "the filter length",
    "{{ a|join(',') }}": "the filter join",
    "{{ a|trans }}": "the filter trans",
    "{{ a|replace({b: 'c'}) }}": "each text to be replaced in quotation marks",
    "{{ a|replace({'': 'c'}) }}": "each text to be replaced",
    "{{ a|replace('b') }}": "takes a mapping",
    "{{ a|replace({'b': 'c'}, 'd') }}": "takes a mapping",
    "{{ a|upper(1) }}": "the filter upper takes no argument, not 1",
    "{{ a|slice }}": "the filter slice takes 1 or 2 arguments, not 0",
    "{{ a|default('x', true) }}": "the filter default takes 0 or 1 arguments, not 2",
    "{{ a|slice(start=1) }}": "the sign =",
    "{{ a|slice(*b) }}": "arithmetic (*)",
    "{{ a|date('H:i T') }}": 'the filter date does not support the letter "T"',
    "{{ a|trim('a..z') }}": "does not support a range",
    "{{ a|round(1, 'up') }}": "needs one of common, ceil, floor",
    "{{ a|number_format(1000000000) }}": "needs a whole number from 0 to 10",
    "{{ a|slice(99999999) }}": "needs a whole number",
    '{{ "a #{b}" }}': "a value inside a text",
    "{{ 'a }}": "a quotation mark is not closed",
    "{{ '\\x00' }}": "the escape \\x inside a text",
    "{{ 'a\\\\\\d' }}": "the escape \\d inside a text",
    "{{ '\\ud800' }}": "the escape \\u inside a text",
    "{{ self }}": 'the reserved name "self"',
    "{{ loop }}": 'the reserved name "loop"',
    "{{ _context }}": '"_context" is no parameter name',
    "{{ čas }}": '"čas" is no parameter name',
    "{{ 99999999999999999999999999999999 }}": "a number is too large",
    "{{ 1e999 }}": "a number is too large",
    "{{ a b }}": "it cannot be read",
    "{{ }}": "it cannot be read",
    "{{ a": "it cannot be read",
    "{% if a %}x": "{% if %} without {% endif %}",
    "{% endif %}": "{% endif %} without {% if %}",
    "{% elseif a %}": "{% elseif %} without {% if %}",
    "{# a": "it cannot be read",
    "\0": "a character that is no text",
    "\ud800": "a character that is no text",
}


@pytest.mark.parametrize(("source", "reason"), REFUSED.items(), ids=ascii)
def test_construct_outside_the_language_is_refused_by_name_and_line(source: str, reason: str) -> None:
    with pytest.raises(TemplateRefusedError) as refused:
        compile_template("Prvý riadok\n{{ dobre }}\r\n" + source)

    assert reason in refused.value.reason
    assert refused.value.line == 3
    assert str(refused.value) == f"Line 3 of the template: {refused.value.reason}."


@pytest.mark.parametrize("source", ESCAPES, ids=lambda source: source[:40])
def test_known_escape_or_bomb_is_refused_at_saving(source: str) -> None:
    with pytest.raises(TemplateRefusedError):
        compile_template(source)


def test_source_of_two_thousand_characters_is_the_longest() -> None:
    with pytest.raises(TemplateRenderError, match="longer than 1000 characters"):
        compile_template("a" * 2000).render({})
    with pytest.raises(TemplateRefusedError, match="longer than 2000 characters"):
        compile_template("a" * 2001)


def test_growing_replacements_stop_before_they_take_memory() -> None:
    tenfold = "|replace({'a': 'aaaaaaaaaa'})"

    with pytest.raises(TemplateRenderError, match="too long"):
        compile_template("{{ 'aaaaaaaaaa'" + tenfold * 7 + "|slice(0, 1) }}").render({})


def test_long_value_put_in_many_times_takes_little_memory() -> None:
    template = compile_template("{{ x|replace({'a': x})|slice(0, 1) }}")
    tracemalloc.start()
    try:
        with pytest.raises(TemplateRenderError, match="too long"):
            template.render({"x": "a" * 2_000})
        _, peak_bytes = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()

    assert peak_bytes < 1_000_000  # unbounded it would be 4 MB


DEEPEST = {
    "brackets": "{{ " + "(" * 25 + "1" + ")" * 25 + " }}",
    "filters in arguments": "{{ a" + "|default(a" * 12 + ")" * 12 + " }}",
    "fallbacks in brackets": "{{ a ?? (" * 1 + "a ?? (" * 11 + "1" + ")" * 12 + " }}",
    "conditions": "{{ 1" + " if a ?? 0 else 1" * 12 + " }}",
    "ors": "{% if 0" + " or 0" * 24 + " or 1 %}1{% endif %}",
    "nots": "{{ " + "not " * 24 + "1 }}",
    "ifs": "{% if 1 == 1 %}" * 10 + "1" + "{% endif %}" * 10,
    "elifs": "{% if 0 %}" + "{% elif 0 %}" * 150 + "{% else %}1{% endif %}",
}


@pytest.mark.parametrize("source", DEEPEST.values(), ids=DEEPEST)
def test_deepest_nesting_that_is_admitted_still_renders(source: str) -> None:
    assert compile_template(source).render({"a": 1}) == "1"
