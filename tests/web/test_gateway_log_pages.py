"""The gateway's log in the browser: what went, what came, masked, and a command that plays it again."""

import html
import re
import shlex
from typing import Any

import pytest
from flask.testing import FlaskClient

from crm.cli.simulate import simulate
from crm.core.db import transaction
from crm.mobiletech import exchanges
from crm.mobiletech.catalogue.status_codes import CodeDetails, describe_code
from crm.mobiletech.models import SendAttempt, StatusReport
from crm.mobiletech.wire.operators import Operator
from crm.mobiletech.wire.xml_codec import decode_send
from crm.web.replay import STAND_INS, WEBHOOK
from tests.factories.log import NUMBER, make_inbound, make_outbound
from tests.factories.messages import make_status
from tests.pages import Page

LOG = "/admin/operations/gateway"


def test_an_empty_log_teaches(staff: FlaskClient) -> None:
    for kind, told in (
        ("send", "Each call of the gateway will stand here"),
        ("receive", "Each SMS that the gateway brings will stand here"),
        ("status", "Each delivery report will stand here"),
    ):
        assert told in Page(staff.get(f"{LOG}?kind={kind}")).text


def test_calls_are_listed_with_outcome_status_and_time(staff: FlaskClient) -> None:
    taken = make_attempt(make_outbound(mobiletech_id="mt-1"))
    slow = make_attempt(
        make_outbound(),
        outcome="unknown",
        detail="No whole reply within 15 seconds.",
        http_status=None,
        took_ms=15004,
    )

    page = Page(staff.get(LOG))

    assert "0908 630 549 id mt-1 200 80 ms Taken" in page.text
    assert "0908 630 549 No whole reply within 15 seconds. – 15.0 s Unknown" in page.text
    assert [link for link in page.links if link.startswith(f"{LOG}/send/")] == [
        f"{LOG}/send/{slow}",
        f"{LOG}/send/{taken}",
    ]


def test_what_readers_sent_is_listed(staff: FlaskClient) -> None:
    make_inbound(mobiletech_id="in-1")
    make_inbound(mobiletech_id="in-2", problems=["date_bad"])

    text = Page(staff.get(f"{LOG}?kind=receive")).text

    assert "0908 630 549 to 8877 under the id in-2 Stored, with faults" in text
    assert "0908 630 549 to 8877 under the id in-1 Stored" in text


def test_reports_are_listed_with_their_meaning_and_match(staff: FlaskClient) -> None:
    make_outbound(mobiletech_id="mt-1")
    make_report("mt-1", "D2")
    make_report("mt-9", "D1")

    text = Page(staff.get(f"{LOG}?kind=status")).text

    assert "– D1: delivered (id mt-9) No message" in text
    assert "0908 630 549 D2: delivery failed (id mt-1) Waits" in text


def test_a_report_is_told_in_the_words_of_the_dictionary(staff: FlaskClient) -> None:
    make_report("mt-9", "A12")
    with transaction() as session:
        words = {"meaning_sk": "málo kreditu", "meaning_en": "too little credit"}
        describe_code(session, "A12", CodeDetails(reason="no_credit", **words))

    assert "A12: too little credit (id mt-9)" in Page(staff.get(f"{LOG}?kind=status")).text


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("kind=send&outcome=rejected", ["send/2"]),
        ("kind=send&id=mt-1", ["send/1"]),
        ("kind=status&matched=no", ["status/2"]),
        ("kind=status&matched=yes", ["status/1"]),
        ("kind=status&code=A12", ["status/2"]),
        ("kind=status&code=X-1.b", []),  # odd, and yet the gateway may report it
        ("kind=status&id=mt-9", ["status/2"]),
        ("kind=receive&id=in-7", ["receive/1"]),
        ("kind=receive&from=2026-11-20&to=2026-11-20", ["receive/1"]),
        ("kind=receive&to=2026-11-19", []),
        ("kind=receive&outcome=rejected", ["receive/1"]),  # that filter is another log's
    ],
)
def test_filters_stand_in_the_address(staff: FlaskClient, query: str, found: list[str]) -> None:
    make_attempt(make_outbound(mobiletech_id="mt-1"))
    make_attempt(make_outbound(), outcome="rejected")
    make_report("mt-1", "D1")
    make_report("mt-9", "A12")
    make_inbound(mobiletech_id="in-7")

    page = Page(staff.get(f"{LOG}?{query}"))

    assert page.status == 200
    paths = [link.removeprefix(f"{LOG}/") for link in page.links if link.startswith(f"{LOG}/")]
    assert paths == found


@pytest.mark.parametrize(
    "query",
    ["kind=sms", "outcome=fine", "kind=status&matched=maybe", "kind=status&code=D1;", "id=a%00b", "id=%20a%20b",
     "id=" + "x" * 300, "from=soon", "to=2026-02-30", "after=x", "before=" + "A" * 50],
)  # fmt: skip
def test_an_address_that_asks_for_nothing_says_so(staff: FlaskClient, query: str) -> None:
    page = Page(staff.get(f"{LOG}?{query}"))

    assert page.status == 400
    assert "This list cannot be shown" in page.text


def test_pages_go_there_and_back_within_their_log(staff: FlaskClient) -> None:
    for number in range(60):
        make_report(f"mt-{number}", "D1")

    first = Page(staff.get(f"{LOG}?kind=status&code=D1"))
    older = Page(staff.get(LOG + next(link for link in first.links if "after=" in link)))
    newer = Page(staff.get(LOG + next(link for link in older.links if "before=" in link)))

    counts = [len([link for link in page.links if "/status/" in link]) for page in (first, older, newer)]
    assert counts == [50, 10, 50]


def test_a_search_that_stopped_says_how_far_it_looked(
    staff: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(exchanges, "LOOKED_AT", 2)
    for number in range(5):
        make_report(f"mt-{number}", "D1")

    page = Page(staff.get(f"{LOG}?kind=status&code=A12"))

    assert "Nothing found so far" in page.text
    assert "Searched back to" in page.text
    assert [link for link in page.links if "after=" in link]


def test_a_call_shows_both_sides_masked(staff: FlaskClient) -> None:
    message_id = make_outbound(mobiletech_id="mt-1", content="Volajte +421905123456")
    attempt_id = make_attempt(message_id, reply=f"<message><to>{NUMBER}</to></message>")

    page = Page(staff.get(f"{LOG}/send/{attempt_id}"))

    assert "<to>+421908***549</to>" in page.text
    assert "+421905***456" in page.text
    assert "<message><to>+421908***549</to></message>" in page.text
    assert "630549" not in page.response.text
    assert f"/admin/messages/outbound/{message_id}" in page.links


def test_the_text_of_a_code_is_nowhere(staff: FlaskClient) -> None:
    message_id = make_outbound(content="Vas kod je 123456", is_secret=True, state="queued", billing="none")
    attempt_id = make_attempt(message_id, outcome="not_sent", detail="No connection: ***", http_status=None)

    assert "123456" not in staff.get(f"{LOG}/send/{attempt_id}").text


def test_the_command_hands_the_same_to_the_simulator_for_a_number_that_stands_in(staff: FlaskClient) -> None:
    attempt_id = make_attempt(make_outbound(content="It's 5 € for O'Hara & <you>", encoding="ucs2"))

    program, *words = shlex.split(replay(staff, f"{LOG}/send/{attempt_id}"))
    send = decode_send(words[words.index("--data-binary") + 1].encode())

    assert program == "curl"
    assert words[-1] == "http://127.0.0.1:8010/send"
    assert send.to == f"+421{STAND_INS[Operator.ORANGE][0][1:]}"
    assert send.content == "It's 5 € for O'Hara & <you>"


@pytest.mark.parametrize(
    ("operator", "stands_in"), [("O", Operator.ORANGE), ("T", Operator.TELEKOM), ("X", Operator.ORANGE)]
)
def test_the_command_brings_an_sms_in_again_as_the_program_takes_it(
    staff: FlaskClient, operator: str, stands_in: Operator
) -> None:
    message_id = make_inbound(content="START 'teraz' $HOME\nčas", operator_type=operator)

    program, group, command, name, *options = shlex.split(replay(staff, f"{LOG}/receive/{message_id}"))
    taken = parse(name, options)

    assert (program, group, command) == ("crm", "mobiletech", "simulate")
    assert taken["from_"] == STAND_INS[stands_in][0]
    assert taken["content"] == "START 'teraz' $HOME\nčas"
    assert (taken["operator"], taken["message_id"], taken["url"]) == (stands_in, None, WEBHOOK)


def test_the_command_reports_the_same_again(staff: FlaskClient) -> None:
    report_id = make_report("mt-9", "A12")

    words = shlex.split(replay(staff, f"{LOG}/status/{report_id}"))

    assert parse(words[3], words[4:]) | {"url": None} == {
        "message_id": "mt-9",
        "status": "A12",
        "url": None,
        "password": None,
    }


def test_an_sms_from_a_reader_shows_what_was_odd_about_it(staff: FlaskClient) -> None:
    message_id = make_inbound(problems=["operator_unknown"])

    page = Page(staff.get(f"{LOG}/receive/{message_id}"))

    assert "The operator is none of T, O, 2 and S." in page.text
    assert "<from>+421908***549</from>" in page.text
    assert f"/admin/messages/inbound/{message_id}" in page.links


def test_a_report_of_nobodys_message_says_what_to_do(staff: FlaskClient) -> None:
    report_id = make_report("mt-9", "D1")

    page = Page(staff.get(f"{LOG}/status/{report_id}"))

    assert "No message of ours has this id. We answered 404 and kept the report" in page.text
    assert any(link.startswith("/admin/messages?state=unknown&from=20") for link in page.links)


def test_a_report_of_ours_leads_to_its_message(staff: FlaskClient) -> None:
    message_id = make_outbound(mobiletech_id="mt-1")
    report_id = make_report("mt-1", "D1")

    page = Page(staff.get(f"{LOG}/status/{report_id}"))

    assert "No message of ours" not in page.text
    assert f"/admin/messages/outbound/{message_id}" in page.links


@pytest.mark.parametrize("kind", ["send", "receive", "status"])
@pytest.mark.parametrize("row_id", [999, 2**63 - 1, 2**70])
def test_an_exchange_that_does_not_exist_is_404(staff: FlaskClient, kind: str, row_id: int) -> None:
    assert Page(staff.get(f"{LOG}/{kind}/{row_id}")).status == 404


def replay(client: FlaskClient, path: str) -> str:
    """Return the command as it stands on the page."""
    shown = re.findall(r"<pre[^>]*paper--copy[^>]*>(.*?)</pre>", client.get(path).text, re.DOTALL)
    return html.unescape(shown[-1])


def parse(command: str, options: list[str]) -> dict[str, Any]:
    """Read the options as the program does."""
    return dict(simulate.commands[command].make_context(command, options).params)


def make_attempt(message_id: int, **overrides: Any) -> int:
    values = {"outcome": "accepted", "detail": "The gateway took it.", "http_status": 200, "took_ms": 80}
    return add(SendAttempt(outbound_message_id=message_id, **(values | overrides)))


def make_report(mobiletech_id: str, status: str, **overrides: Any) -> int:
    raw = make_status(mobiletech_id, status)
    return add(StatusReport(mobiletech_id=mobiletech_id, status=status, raw=raw, **overrides))


def add(row: Any) -> int:
    with transaction() as session:
        session.add(row)
        session.flush()
        return int(row.id)
