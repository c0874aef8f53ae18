"""The command that a message's page shows can be copied into a shell, and plays the message again."""

import re
from html import unescape
from shlex import split

import pytest
from flask.testing import FlaskClient

from crm.core.db import transaction
from crm.core.phone import mask_in_text
from crm.mobiletech.models import StatusReport
from crm.mobiletech.wire.commands import Receive, Status
from crm.mobiletech.wire.operators import Operator, operator_by_prefix
from crm.mobiletech.wire.xml_codec import decode
from crm.web.replay import STAND_INS
from tests.cli.conftest import Run, Webhook
from tests.factories.log import NUMBER, make_inbound, make_outbound
from tests.factories.users import make_user
from tests.pages import sign_in

CONTENTS = [
    "STOP",
    "Ľúbim <vás> & \"vás\" 'vás'",
    "$(rm -rf /) `id` $HOME !! \\ ;&|",
    "dva\nriadky",
    "--from=+421905999999",
    "- začiatok",
    "😀 €",
    "",
]


@pytest.mark.parametrize("content", CONTENTS)
def test_a_readers_sms_comes_in_again_from_a_stand_in(
    run: Run,
    staff: FlaskClient,
    webhook: Webhook,
    content: str,
) -> None:
    inbound = make_inbound(content=content, serv_id="1704", project_id="", to="8866", operator_type="T")

    [command] = _commands(staff, f"inbound/{inbound}")
    result = run(*split(command)[1:], "--url", webhook.url)

    assert (result.exit_code, split(command)[0]) == (0, "crm")
    message = decode(webhook.body)
    assert isinstance(message, Receive)
    assert (message.content, message.to, message.operator_type) == (mask_in_text(content), "8866", "T")
    assert (message.serv_id, message.project_id) == ("1704", "")
    assert message.from_ != NUMBER
    assert NUMBER[4:] not in command


@pytest.mark.parametrize("operator", Operator)
def test_a_stand_in_is_of_the_same_operator_and_never_the_reader(
    staff: FlaskClient, operator: Operator
) -> None:
    for stand_in in STAND_INS[operator]:
        number = f"+421{stand_in[1:]}"
        inbound = make_inbound(from_=number, operator_type=operator)

        [command] = _commands(staff, f"inbound/{inbound}")

        assert stand_in not in command
        assert operator_by_prefix(split(command)[4].removeprefix("--from=")) is operator


def test_an_operator_that_nobody_knows_is_stood_in_for(staff: FlaskClient) -> None:
    inbound = make_inbound(operator_type="E")

    [command] = _commands(staff, f"inbound/{inbound}")

    assert "--operator=O" in split(command)


def test_what_was_reported_of_ours_is_reported_again_and_nothing_else(
    run: Run,
    staff: FlaskClient,
    webhook: Webhook,
) -> None:
    make_inbound(mobiletech_id="25", content="Ahoj")
    outbound = make_outbound(mobiletech_id="mt-1", rcv_msg_id="25")
    with transaction() as session:
        session.add_all([StatusReport(mobiletech_id="mt-1", status=code) for code in ("A0", "D1")])

    answered, reported = _commands(staff, f"outbound/{outbound}")
    lines = reported.splitlines()
    bodies = []
    for line in lines:
        assert run(*split(line)[1:], "--url", webhook.url).exit_code == 0
        bodies.append(decode(webhook.body))

    assert bodies == [Status(id="mt-1", status="A0"), Status(id="mt-1", status="D1")]
    assert "--content=Ahoj" in split(answered)


def test_a_report_that_nobody_made_is_not_offered(staff: FlaskClient) -> None:
    outbound = make_outbound(billing="none", status=None)

    assert _commands(staff, f"outbound/{outbound}") == []


def _commands(staff: FlaskClient, path: str) -> list[str]:
    shown = staff.get(f"/admin/messages/{path}").text
    found = re.findall(r'<div class="replay">.*?<code[^>]*>(.*?)</code>', shown, re.DOTALL)
    return [unescape(command) for command in found]


@pytest.fixture
def staff(client: FlaskClient) -> FlaskClient:
    """Return a browser in which support is signed in."""
    make_user(role="support", email="eva@example.sk")
    assert sign_in(client, "eva@example.sk").status_code == 302
    return client
