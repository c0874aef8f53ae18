"""Test connection in the browser: each step in words, and no SMS."""

import socket

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from crm.core.business_settings import set_setting
from crm.core.db import current_session, transaction
from crm.mobiletech.connection_check import Step, StepName
from crm.simulator import create_simulator, serving
from crm.web import connection_pages
from tests.pages import Page

PATH = "/admin/settings/connection"


def test_without_addresses_the_page_says_where_to_set_them(staff: FlaskClient) -> None:
    page = Page(press(staff))

    assert "No address is set." in page.text
    assert "/admin/settings/mobiletech_gateway_url_production" in page.links


def test_the_simulator_is_reached_and_gets_no_sms(staff: FlaskClient) -> None:
    simulator = create_simulator("http://127.0.0.1:9/nowhere")
    with serving(simulator) as address:
        point_at(f"{address}/send")
        page = Page(press(staff))
        sends = simulator.test_client().get("/api/sends").get_json()

    assert "Done Name found 127.0.0.1" in page.text
    assert "Done Connection made" in page.text
    assert "HTTP 405 METHOD NOT ALLOWED: something answers there. An SMS was not sent." in page.text
    assert sends["sends"] == []


def test_a_closed_port_is_told_with_what_to_look_at(staff: FlaskClient) -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        point_at(f"http://127.0.0.1:{probe.getsockname()[1]}/send")

        page = Page(press(staff))

    assert "Failed Connection made Connection refused" in page.text
    assert "Nobody takes the connection." in page.text


def test_nothing_is_open_in_the_database_while_the_network_is_waited_for(
    staff: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[bool] = []

    def check(_url: str) -> list[Step]:
        seen.append(current_session().in_transaction())
        return [Step(name=StepName.DNS, is_ok=False, took_ms=1, detail="no")]

    monkeypatch.setattr(connection_pages, "check_connection", check)
    point_at("https://gateway.example.sk/send")

    page = Page(press(staff))

    assert seen == [False]
    assert "The name cannot be found." in page.text


def test_opening_the_page_asks_nobody(staff: FlaskClient, monkeypatch: pytest.MonkeyPatch) -> None:
    point_at("https://gateway.example.sk/send")
    monkeypatch.delattr(connection_pages, "check_connection")

    page = Page(staff.get(PATH))

    assert "https://gateway.example.sk/send" in page.text


def press(client: FlaskClient) -> TestResponse:
    return client.post(PATH, data=Page(client.get(PATH)).form().fields)


def point_at(url: str) -> None:
    with transaction() as session:
        set_setting(session, "mobiletech_gateway_url_production", url)
