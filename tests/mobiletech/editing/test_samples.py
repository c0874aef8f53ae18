"""What a person types as a sample means what it would mean; what fits nowhere is told."""

import pytest

from crm.mobiletech.editing.changes import compare_parameters, join_parameters
from crm.mobiletech.editing.samples import fill, find_sample
from crm.mobiletech.template_language import TemplateLanguageError, compile_template
from crm.mobiletech.template_language.literals import change_literals, literal_text


@pytest.mark.parametrize(
    ("content", "typed", "language", "text"),
    [
        ("Ahoj {{ name }}", {}, "sk", "Ahoj Zofia"),
        ("Ahoj {{ name }}", {"name": "Ľubomíra"}, "sk", "Ahoj Lubomira"),
        ("Ahoj {{ name }}", {"name": ""}, "sk", "Ahoj "),
        ("{{ price }}", {"price": "12,5"}, "sk", "12,50"),
        ("{{ price }}", {"price": "12,5"}, "en", "12.50"),
        ("{{ price }}", {"price": "zadarmo"}, "en", "zadarmo"),
        ("{{ kod }}", {"kod": "007"}, "sk", "007"),
        ("{{ sum|number_format(2, ',') }}", {"sum": "1 234,5"}, "sk", "1,234,50"),
        ("{{ end|date('j.n.') }}", {"end": "2027-02-01"}, "sk", "1.2."),
        ("{% if x %}ano{% else %}nie{% endif %}", {"x": "0"}, "sk", "nie"),
    ],
)
def test_a_text_is_filled_with_what_was_typed(
    content: str, typed: dict[str, str], language: str, text: str
) -> None:
    assert fill(compile_template(content), typed, language).measured.text == text


def test_a_value_that_does_not_fit_is_told() -> None:
    with pytest.raises(TemplateLanguageError, match="neither a date"):
        fill(compile_template("{{ end|date('d.m.Y') }}"), {"end": "zajtra"}, "sk")


def test_of_four_parameters_of_any_kind_a_fit_is_found() -> None:
    content = "{{ a|date('Y') }} {{ b|round }} {{ c|upper }} {{ d|date('j') }}"

    measured = find_sample(compile_template(content))

    assert measured is not None and measured.text == "2026 5 C 24"


@pytest.mark.parametrize(
    ("before", "after", "dropped", "added", "now_required"),
    [
        ("{{ a }} {{ b }}", "{{ a }}", ("b",), (), ()),
        ("{{ a }}", "{{ a }} {{ c ?? '' }}", (), ("c",), ()),
        ("{{ a ?? '' }}", "{{ a }}", (), (), ("a",)),
        ("{{ a }}", "{{ a ?? '' }}", (), (), ()),
        ("{{ a }}", "Ahoj {{ a }}", (), (), ()),
    ],
)
def test_what_changes_for_the_callers_is_found(
    before: str, after: str, dropped: tuple[str, ...], added: tuple[str, ...], now_required: tuple[str, ...]
) -> None:
    old, new = (join_parameters([compile_template(text)]) for text in (before, after))

    change = compare_parameters(old, new)

    assert (change.dropped, change.added, change.now_required) == (dropped, added, now_required)
    assert change.is_any == bool(dropped or added or now_required)


@pytest.mark.parametrize(
    ("source", "literal"),
    [
        ("4 € {{ name }} €", "4 €  €"),
        ("{{ a|default('€ }}') }}€{# € #}{% if a == '%}' %}€{% endif %}", "€€"),
        ("{{ open €", "{{ open €"),
        ("{{ 'open }} €", " €"),
    ],
)
def test_only_what_is_sent_as_it_stands_is_changed(source: str, literal: str) -> None:
    assert literal_text(source) == literal
    changed = change_literals(source, lambda text: text.replace("€", "EUR"))
    assert literal_text(changed) == literal.replace("€", "EUR")
    assert changed.count("€") == source.count("€") - literal.count("€")
