"""How a parameter that was not given is recognised, and made to raise where it is used."""

from jinja2.runtime import Undefined


def is_missing(value: object) -> bool:
    return isinstance(value, Undefined)


def touch(*values: object) -> None:
    """Let Jinja's StrictUndefined raise for a parameter that was not given; `str` is one way to use it."""
    for value in values:
        if isinstance(value, dict):
            touch(*value.values())
        elif is_missing(value):
            str(value)
