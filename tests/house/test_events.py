"""Whatever is published is heard, by handlers whose names stay."""

import ast

from flask import Flask

from crm.events.registry import registry
from crm.importer import events as import_events
from crm.mobiletech import events
from crm.payments import events as payment_events
from crm.subscriptions import events as subscription_events
from crm.users import codes
from crm.wiring import HANDLERS, PERIODIC
from tests.house.source import list_modules

# The names of interface.md section 6.
CONTRACT = {
    "mobiletech-inbound",
    "mobiletech-send",
    "mobiletech-outbound-status",
    "mobiletech-pending-charge-timeout",
}
# Our own, though the last two may be of use to an extension as well.
INTERNAL = {
    "one-time-code",
    "mobiletech-outbound-ended",
    "recurrent-payment-state-changed",
    "recurrent-payment-stopped",
    "import-step",
    "import-check",
}
# What a rule gives to an extension; a rule for one that is not there is refused when it is saved.
FOR_EXTENSIONS = "rule_event(name)"


def test_the_events_are_those_of_the_contract() -> None:
    assert {events.INBOUND, events.SEND, events.OUTBOUND_STATUS, events.PENDING_TIMEOUT} == CONTRACT


def test_every_published_event_is_heard(app: Flask) -> None:
    heard = set(registry.handlers) | set(registry.effects) | registry.unheard

    names = published_names() - {FOR_EXTENSIONS}
    places = (events, codes, subscription_events, payment_events, import_events)
    published = {next(getattr(place, name) for place in places if hasattr(place, name)) for name in names}
    assert published | {events.INBOUND} <= heard


def test_every_handler_listens_to_an_event_of_the_contract() -> None:
    assert {event for event, *_ in HANDLERS} <= CONTRACT | INTERNAL


def test_names_of_handlers_and_tasks_are_unique() -> None:
    for names in ([(event, name) for event, name, *_ in HANDLERS], [task.name for task in PERIODIC]):
        assert len(names) == len(set(names))


def test_the_names_of_handlers_stay() -> None:
    """They stand in the outbox of every installation: a new name orphans the retries of the old one."""
    assert {(event, name) for event, name, *_ in HANDLERS} == {
        ("mobiletech-inbound", "mark_duplicates"),
        ("mobiletech-inbound", "keep_findable"),
        ("mobiletech-inbound", "confirm_users"),
        ("mobiletech-inbound", "heed_stop"),
        ("mobiletech-inbound", "heed_yes"),
        ("mobiletech-inbound", "run_rules"),
        ("mobiletech-inbound", "answer_tests"),
        ("mobiletech-inbound", "file_in_inbox"),
        ("mobiletech-outbound-status", "apply_statuses"),
        ("mobiletech-outbound-ended", "confirm_payments"),
        ("mobiletech-pending-charge-timeout", "end_waiting"),
        ("recurrent-payment-state-changed", "tell_readers"),
        ("recurrent-payment-stopped", "tell_readers"),
        ("one-time-code", "send_codes"),
        ("import-step", "import_step"),
        ("import-check", "import_check"),
    }


def published_names() -> set[str]:
    """Return the constants that calls of publish and publish_many name."""
    return {
        ast.unparse(node.args[1])
        for path, tree in list_modules()
        if not path.startswith("crm/events/")
        for node in ast.walk(tree)
        if isinstance(node, ast.Call) and getattr(node.func, "id", "") in ("publish", "publish_many")
    }
