"""The phone in the browser and the control API: what they do, what they refuse, and that no number leaks."""

from html.parser import HTMLParser

import pytest
from flask import Flask
from flask.testing import FlaskClient

from crm.simulator import Fate, create_simulator, gateway_of
from crm.simulator.app_state import install
from crm.simulator.gateway import Gateway
from tests.simulator.fake_crm import FakeCrm, FrozenClock, make_send

EVA = {"number": "0908 123 456", "short_number": "8877"}


def press(browser: FlaskClient, action: str, **fields: str) -> tuple[int, str]:
    """Press a button of the phone, go where it leads; give the first status and the last page."""
    response = browser.post("/", data=EVA | fields | {"action": action})
    if response.status_code != 303:
        return response.status_code, response.get_data(as_text=True)
    assert response.location == "/"
    return 303, browser.get("/").get_data(as_text=True)


def test_an_sms_typed_on_the_phone_reaches_the_crm_and_stands_in_the_thread(
    browser: FlaskClient, crm: FakeCrm
) -> None:
    status, page = press(browser, "send", text="Čo <nové>?")

    assert (status, len(crm.heard)) == (303, 1)
    assert "Čo &lt;nové&gt;?" in page


def test_an_answer_stands_in_the_thread_with_its_fate_and_codes(
    browser: FlaskClient, gateway: Gateway
) -> None:
    press(browser, "set_fate", fate="no_credit")
    browser.post("/send", data=make_send(to="+421908123456", content="Vitajte"))
    gateway.postbox.hurry()
    gateway.postbox.deliver_due()

    page = browser.get("/").get_data(as_text=True)

    assert all(part in page for part in ("Vitajte", "AA99", "No credit", ">A5<"))


def test_a_refused_sms_never_comes_to_the_phone(browser: FlaskClient) -> None:
    press(browser, "set_fate", fate="refused")
    browser.post("/send", data=make_send(to="+421908123456", content="Vitajte"))

    page = browser.get("/").get_data(as_text=True)

    assert "Vitajte" not in page.split("Over the wire")[0]


def test_an_sms_that_was_not_taken_says_so_and_when_it_is_repeated(
    browser: FlaskClient, crm: FakeCrm
) -> None:
    crm.answers = [503]

    _, page = press(browser, "send", text="Ahoj")

    assert "the CRM answered 503" in page
    assert "16:46:25" in page


def test_the_buttons_set_fates_for_this_phone(browser: FlaskClient, gateway: Gateway) -> None:
    press(browser, "keep_fate", fate="blocked")
    press(browser, "set_fate", fate="late")

    planned = gateway.fates.look("0908123456")
    assert (planned.upcoming, planned.usual) == ((Fate.LATE,), Fate.BLOCKED)
    assert gateway.fates.look("0902000111").usual is Fate.BILLED_AND_DELIVERED


def test_another_phone_is_chosen_by_post_and_stays_chosen(browser: FlaskClient, gateway: Gateway) -> None:
    press(browser, "use_phone", number="+421 902 000 111", short_number="8866", operator="2")

    page = browser.get("/").get_data(as_text=True)

    assert "Phone 0902 000 111" in page
    assert 'placeholder="SMS to 8866"' in page
    assert gateway.networks.operator_of("0902000111") == "2"


def test_a_waiting_report_can_be_hurried(browser: FlaskClient, gateway: Gateway, crm: FakeCrm) -> None:
    browser.post("/send", data=make_send())
    page = browser.get("/").get_data(as_text=True)
    press(browser, "hurry")
    gateway.postbox.deliver_due()

    assert "2 reports wait for the CRM" in page
    assert crm.codes == ["A0", "D1"]


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"number": "0602 12"}, "not a Slovak mobile number"),
        ({"short_number": "88"}, "three to six digits"),
        ({"text": "  "}, "Write a text first"),
        ({"text": "x" * 1601}, "longer than 1600"),
        ({"action": "fly"}, "not known"),
        ({"action": "set_fate", "fate": "billd"}, "no such fate"),
        ({"action": "use_phone", "operator": "X"}, "T, O, 2 and S"),
    ],
)
def test_a_slip_is_told_and_changes_nothing(
    browser: FlaskClient, crm: FakeCrm, fields: dict[str, str], reason: str
) -> None:
    response = browser.post("/", data=EVA | {"action": "send", "text": "Ahoj"} | fields)

    assert response.status_code == 400
    assert reason in response.get_data(as_text=True)
    assert (crm.heard, response.headers.getlist("Set-Cookie")) == ([], [])


@pytest.mark.parametrize("cookie", ["", "x", "+421908123456", "+421908123456/88;77", "0602/8877", "/" * 3000])
def test_a_spoilt_cookie_shows_the_first_phone(browser: FlaskClient, cookie: str) -> None:
    browser.set_cookie("simulator_phone", cookie)

    assert "Phone 0908 123 456" in browser.get("/").get_data(as_text=True)


def test_no_form_and_no_link_puts_a_number_into_an_address(browser: FlaskClient) -> None:
    _, page = press(browser, "send", text="Ahoj")

    assert methods_of(page) == {"post"}
    assert "?" not in "".join(addresses_of(page))


@pytest.mark.parametrize("path", ["/", "/send", "/api/fates", "/api/receive", "/api/reset"])
@pytest.mark.parametrize("origin", ["https://evil.example", "null", "http://localhost:9999"])
def test_another_page_may_not_post(browser: FlaskClient, crm: FakeCrm, path: str, origin: str) -> None:
    response = browser.post(path, data=EVA | {"action": "send", "text": "x"}, headers={"Origin": origin})

    assert (response.status_code, crm.heard) == (403, [])


def test_the_page_itself_may_post(browser: FlaskClient) -> None:
    response = browser.post(
        "/", data=EVA | {"action": "send", "text": "x"}, headers={"Origin": "http://localhost"}
    )

    assert response.status_code == 303


def test_a_name_that_is_not_this_machine_is_refused(browser: FlaskClient) -> None:
    assert browser.get("/", headers={"Host": "evil.example"}).status_code == 400


def test_the_products_stylesheets_are_served(browser: FlaskClient) -> None:
    response = browser.get("/static/css/tokens.css")

    assert response.status_code == 200
    assert b"--ink" in response.data


@pytest.mark.parametrize("path", ["/send", "/api/reset"])
def test_what_changes_something_is_no_get(browser: FlaskClient, path: str) -> None:
    assert browser.get(path).status_code == 405


def test_the_api_sets_fates_for_anybody_a_number_and_a_text(browser: FlaskClient, gateway: Gateway) -> None:
    for wish in (
        {"next": ["late", "cut"]},
        {"next": "huge", "number": "0908 123 456"},
        {"default": "never", "text": "Predl"},
        {"default": "blocked"},
    ):
        assert browser.post("/api/fates", json=wish).status_code == 200

    planned = gateway.fates.look("+421908123456")
    assert (planned.upcoming, planned.usual) == ((Fate.HUGE, Fate.LATE, Fate.CUT), Fate.BLOCKED)
    assert [gateway.fates.take("+421908123456", "Predlzene") for _ in range(4)][-1] is Fate.NEVER


def test_the_api_shows_what_was_sent_and_said(browser: FlaskClient) -> None:
    browser.post("/api/fates", json={"next": ["billed", "refused"]})
    browser.post("/send", data=make_send(content="Raz"))
    browser.post("/send", data=make_send(content="Dva"))

    sends = browser.get("/api/sends").get_json()
    said = browser.get("/api/exchanges").get_json()

    assert sends["accepted"] == 1
    assert [(sms["content"], sms["fate"], sms["accepted"]) for sms in sends["sends"]] == [
        ("Raz", "billed", True),
        ("Dva", "refused", False),
    ]
    assert [told["status"] for told in sends["sends"][0]["statuses"]] == ["A0"]
    assert (said["exchanges"][0]["kind"], "<content>Raz" in said["exchanges"][0]["request"]) == ("send", True)
    assert [one["state"] for one in said["waiting"]] == ["waiting"]


def test_the_api_sends_an_sms_and_gives_the_crms_answer(browser: FlaskClient, crm: FakeCrm) -> None:
    answer = browser.post(
        "/api/receive",
        json={"from": "0908 123 456", "to": "8877", "content": "A", "operator": "2", "id": "7"},
    ).get_json()

    assert (answer["id"], answer["answer"], answer["state"]) == ("7", 200, "taken")
    assert crm.heard[0].operator_type == "2"  # type: ignore[union-attr]


@pytest.mark.parametrize(
    ("path", "body", "reason"),
    [
        ("/api/fates", [], "JSON object"),
        ("/api/fates", {}, "next or default"),
        ("/api/fates", {"next": "late", "phone": "1"}, "nothing else"),
        ("/api/fates", {"next": ["lte"]}, "no such fate"),
        ("/api/fates", {"next": "late", "number": "x"}, "Slovak"),
        ("/api/fates", {"default": 7}, "not a text"),
        ("/api/receive", {"from": "0908123456", "to": 8877}, "not a text"),
        ("/api/receive", {"from": "x", "to": "8877"}, "Slovak"),
        ("/api/status", {"id": "\u0001", "status": "D1"}, "XML"),
    ],
)
def test_the_api_says_what_was_wrong(browser: FlaskClient, path: str, body: object, reason: str) -> None:
    response = browser.post(path, json=body)

    assert response.status_code == 400
    assert reason in response.get_json()["error"]


def methods_of(page: str) -> set[str]:
    return {attributes.get("method", "get") for tag, attributes in tags_of(page) if tag == "form"}


def addresses_of(page: str) -> list[str]:
    return [
        value
        for _, attributes in tags_of(page)
        for name, value in attributes.items()
        if name in {"href", "action"}
    ]


def tags_of(page: str) -> list[tuple[str, dict[str, str]]]:
    found: list[tuple[str, dict[str, str]]] = []

    class Reader(HTMLParser):
        def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
            found.append((tag, {name: value or "" for name, value in attrs}))

    Reader().feed(page)
    return found


@pytest.fixture
def simulator(gateway: Gateway) -> Flask:
    app = create_simulator("http://127.0.0.1:9/")
    install(app, gateway)
    assert gateway_of(app) is gateway
    return app


@pytest.fixture
def browser(simulator: Flask, clock: FrozenClock) -> FlaskClient:
    return simulator.test_client()
