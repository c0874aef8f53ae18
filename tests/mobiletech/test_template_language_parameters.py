"""Saving a template lists the parameters it uses, and which of them it cannot do without."""

import pytest

from crm.mobiletech.template_language import compile_template

USED = {
    "none": ("Ahoj", ""),
    "in order of first use, each once": ("{{ b }}{{ a }}{{ b }}", "b! a!"),
    "in a comment": ("{# {{ a }} #}", ""),
    "in an argument": ("{{ a|replace({'x': b})|slice(c) }}", "a! b! c!"),
    "guarded by ??": ("{{ a ?? 'x' }}", "a"),
    "last of a chain of ??": ("{{ a ?? b ?? c }}", "a b c!"),
    "guarded by default": ("{{ a|default('x') }}", "a"),
    "default after another filter": ("{{ a|upper|default('x') }}", "a!"),
    "guarded once, used plainly once": ("{{ a ?? 'x' }}{{ a }}", "a!"),
    "inside is defined": ("{% if a is defined %}{{ a }}{% endif %}", "a"),
    "outside is defined": ("{% if a is defined %}x{% endif %}{{ a }}", "a!"),
    "else of is not defined": ("{% if a is not defined %}x{% else %}{{ a }}{% endif %}", "a"),
    "else of is defined": ("{% if a is defined %}x{% else %}{{ a }}{% endif %}", "a!"),
    "after is defined and": ("{% if a is defined and a > b %}x{% endif %}", "a b!"),
    "after is not defined or": ("{% if a is not defined or a > 1 %}x{% endif %}", "a"),
    "is defined or another": ("{% if a is defined or b is defined %}{{ a }}{% endif %}", "a! b"),
    "true with a false fallback": (
        "{% if a|default %}{{ a }}{% endif %}{% if b ?? false %}{{ b }}{% endif %}",
        "a b",
    ),
    "true with a true fallback": ("{% if a ?? true %}{{ a }}{% endif %}", "a!"),
    "elif knows what if denied": (
        "{% if a is not defined %}x{% elif a == 1 %}y{% else %}{{ a }}{% endif %}",
        "a",
    ),
    "else knows what elif denied": (
        "{% if b %}x{% elif a is not defined %}y{% else %}{{ a }}{% endif %}",
        "b! a",
    ),
    "conditional expression": ("{{ a if a is defined else b }}", "a b!"),
    "condition itself": ("{% if a %}x{% endif %}", "a!"),
}


@pytest.mark.parametrize(("source", "expected"), USED.values(), ids=USED)
def test_parameters_are_listed_with_their_need(source: str, expected: str) -> None:
    """The expected text lists the names; an exclamation mark says required."""
    listed = [p.name + "!" * p.required for p in compile_template(source).parameters]

    assert " ".join(listed) == expected


def test_missing_names_the_required_parameters_before_rendering() -> None:
    template = compile_template("{{ a }}{{ b }}{{ c ?? '' }}")

    assert template.missing({"b": None}) == ("a",)
