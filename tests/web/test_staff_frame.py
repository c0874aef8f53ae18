"""The frame of the staff's pages: the gateway's pulse, the way back from what was just done, the help."""

from datetime import timedelta

import pytest
from flask import Flask
from flask.testing import FlaskClient

from crm.core.clock import db_now
from crm.core.db import transaction
from crm.mobiletech.breaker_state import GatewayState
from crm.mobiletech.words import InboundState, MessageState
from crm.web.flashes import Undo, flash_link, flash_undoable
from crm.web.guards import public
from crm.web.help_page import INBOUND_STATES, MESSAGE_STATES
from tests.factories.messages import WEBHOOK, make_receive
from tests.pages import Page


def test_the_top_bar_tells_when_the_gateway_was_heard_last(staff: FlaskClient) -> None:
    assert "no SMS has come yet" in Page(staff.get("/admin/")).text

    staff.post(WEBHOOK, data=make_receive())

    assert "last SMS" in Page(staff.get("/admin/")).text


def test_the_top_bar_tells_that_paid_sending_is_held_back(staff: FlaskClient) -> None:
    with transaction() as session:
        session.add(GatewayState(id=1, paused_until=db_now() + timedelta(minutes=5)))

    assert "paid sending is paused until" in Page(staff.get("/admin/")).text


@pytest.fixture
def doer(app: Flask, staff: FlaskClient) -> FlaskClient:
    """Return a browser of staff and a page that does something."""

    @public("a page of this test")
    def do() -> str:
        flash_undoable("Done.", Undo(action="/admin/undo", label="Undo", fields={"id": "7"}))
        flash_link("Sent.", "/admin/messages", "Watch it")
        return ""

    app.view_functions["help_page.show"], real = do, app.view_functions["help_page.show"]
    staff.get("/admin/help")
    app.view_functions["help_page.show"] = real
    return staff


def test_what_was_done_can_be_undone_from_the_next_page(doer: FlaskClient) -> None:
    page = Page(doer.get("/admin/"))

    assert "Done." in page.text
    assert page.form("/admin/undo").fields["id"] == "7"
    assert "Undo" not in Page(doer.get("/admin/")).text


def test_the_way_on_stands_beside_what_was_done(doer: FlaskClient) -> None:
    page = Page(doer.get("/admin/"))

    assert "Sent. Watch it" in page.text


def test_the_help_explains_every_state(staff: FlaskClient) -> None:
    page = Page(staff.get("/admin/help"))

    assert (set(MESSAGE_STATES), set(INBOUND_STATES)) == (set(MessageState), set(InboundState))
    assert "Kept back for a person" in page.text
    assert "Next row" in page.text
