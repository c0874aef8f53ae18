"""Short numbers: described ones, and those that only the setting or messages name."""

import pytest
from flask import Flask
from flask.testing import FlaskClient

from crm.core.db import transaction
from crm.core.errors import NotFoundError
from crm.mobiletech.catalogue.errors import InvalidEntryError, ShortNumberExistsError
from crm.mobiletech.catalogue.short_numbers import (
    add_short_number,
    edit_short_number,
    get_short_number,
    list_short_numbers,
    remove_short_number,
)
from crm.users.audit_log import Actor, acting
from crm.users.models import AuditEntry
from tests.factories.messages import WEBHOOK, make_receive, set_up_gateway
from tests.stored import read


def test_the_described_come_first_then_what_the_setting_and_messages_name(client: FlaskClient) -> None:
    set_up_gateway(mobiletech_short_number="8877")
    for to in ("8866", "8866", "8899", "no number"):
        client.post(WEBHOOK, data=make_receive(to=to))
    add("8899", "Game")

    with transaction() as session:
        lines = list_short_numbers(session)

    assert [(line.number, line.name, line.is_described, line.is_sender, line.seen) for line in lines] == [
        ("8899", "Game", True, False, 1),
        ("8866", "", False, False, 2),
        ("8877", "", False, True, 0),
    ]


@pytest.mark.parametrize("number", ["", "88", "8877001", "88 77", "8877x"])
def test_what_is_no_short_number_is_refused(app: Flask, number: str) -> None:
    with pytest.raises(InvalidEntryError) as refused:
        add(number, "x")

    assert refused.value.field == "number"


def test_a_number_is_described_once(app: Flask) -> None:
    add("8877", "News")

    with pytest.raises(ShortNumberExistsError):
        add("8877", "News")


def test_every_change_stands_in_the_audit_log(app: Flask) -> None:
    add("8877", "News")
    with acting(Actor(name="Eva")), transaction() as session:
        row = get_short_number(session, "8877")
        assert edit_short_number(session, row, "News and games", ["O", "T"])
        assert not edit_short_number(session, row, "News and games", ["T", "O"])
        remove_short_number(session, row)

    assert read(AuditEntry.action, AuditEntry.subject, AuditEntry.after, order=AuditEntry.id) == [
        ("short_number.create", "short_number 8877", {"name": "News", "operators": []}),
        ("short_number.edit", "short_number 8877", {"name": "News and games", "operators": ["T", "O"]}),
        ("short_number.remove", "short_number 8877", None),
    ]


@pytest.mark.parametrize("number", ["8877", "x", "8" * 7])
def test_a_number_that_nobody_described_is_not_found(app: Flask, number: str) -> None:
    with pytest.raises(NotFoundError), transaction() as session:
        get_short_number(session, number)


def add(number: str, name: str) -> None:
    with acting(Actor(name="Eva")), transaction() as session:
        add_short_number(session, number, name, ())
