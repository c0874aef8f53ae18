"""Every route of the application, with an address that a visitor could type."""

from collections.abc import Iterator

from flask import Flask
from werkzeug.routing import Rule

from crm.sms_billing.stop_links import token_of

# What stands in the places of an address, by the name of the place; numbers are 1, other texts `x`.
SAMPLES = {
    "code": "pong",
    "key": "vat_rate",
    "filename": "css/tokens.css",
    "billkey": "AA99",
    "type_code": "month",
    "short_number": "8877",
    "prefix": "908",
    "status_code": "A12",
    "figures": "revenue",
    "entity": "inbound-messages",
    "rule": "R11",
}


def list_routes(app: Flask, *, method: str) -> Iterator[tuple[Rule, str]]:
    """Give (rule, path) of every route that takes the method."""
    adapter = app.url_map.bind("localhost")
    for rule in app.url_map.iter_rules():
        if method in (rule.methods or set()):
            yield rule, adapter.build(rule.endpoint, sample_values(rule), method=method)


def sample_values(rule: Rule, **known: object) -> dict[str, object]:
    """Return a value for each place of an address."""
    if rule.endpoint.startswith("stop_link."):
        known = {"token": token_of(1), **known}  # signed: the first payment method's
    return {name: known.get(name) or SAMPLES.get(name) or _sample(rule, name) for name in rule.arguments}


def _sample(rule: Rule, name: str) -> object:
    converter = type(rule._converters[name]).__name__
    return 1 if converter == "IntegerConverter" else "x"
