"""The README's worked examples do what the README says."""

import re
import shlex
import sys
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from flask import Flask
from flask.testing import FlaskClient

from crm.core.config import ROOT
from crm.core.db import transaction
from crm.events.drain import drain
from crm.events.registry import registry
from crm.mobiletech.sms_templates import create_template
from crm.setup_file import apply_setup
from crm.users.accounts import get_user
from crm.users.authentication import chain
from crm.users.models import User
from crm.wiring import register_extension
from tests.factories.api import make_api_token
from tests.factories.messages import WEBHOOK, make_receive, set_up_gateway
from tests.factories.users import make_user
from tests.fakes import FakeGateway
from tests.pages import sign_in
from tests.stored import read


def test_the_extension_of_the_readme_greets_whoever_writes_ahoj(
    client: FlaskClient, gateway: FakeGateway, greeting: str
) -> None:
    set_up_gateway()
    with transaction() as session:
        create_template(session, "welcome", "Vitajte, {{ name }}!")

    client.post(WEBHOOK, data=make_receive(content="ahoj "))
    client.post(WEBHOOK, data=make_receive(content="nieco ine", from_="+421908630550"))
    drain(for_seconds=10)

    assert [message.content for message in gateway.sent] == ["Vitajte, Eva!"]


def test_the_call_of_the_readme_creates_a_person(client: FlaskClient) -> None:
    [example] = re.findall(r"^curl (.+)$", (ROOT / "README.md").read_text(), re.M)
    words = shlex.split(example)
    fields = dict(words[at + 1].split("=", 1) for at, word in enumerate(words) if word == "-d")
    header = words[words.index("-H") + 1]
    assert header == "Authorization: Bearer $TOKEN"

    response = client.post(urlsplit(words[-1]).path, data=fields, headers=make_api_token("users:create"))

    assert response.status_code == 200
    assert read(User.public_name, User.first_name) == [("0908123456", "Eva")]


def test_the_link_of_the_readme_lets_readers_in_by_their_customer_number(
    client: FlaskClient, customer_number: str
) -> None:
    eva = make_user(role="customer", email="eva@example.sk")
    with transaction() as session:
        get_user(session, eva).ext_id = 4711

    refused = sign_in(client, "4711", "wrong horse battery")
    unknown = sign_in(client, "99999999999999999999")
    let_in = sign_in(client, " 4711 ")

    assert [answer.status_code for answer in (refused, unknown, let_in)] == [422, 422, 302]


def test_the_extension_of_the_readme_gets_what_a_rule_gives_it(
    client: FlaskClient, gateway: FakeGateway, quiz: str
) -> None:
    set_up_gateway()
    with transaction() as session:
        create_template(session, "quiz", "Vasa odpoved je {{ answer }}. Drzime palce!")
        apply_setup(session, b"rules: [{match: starts_with, text: KVIZ, action: extension, extension: quiz}]")

    client.post(WEBHOOK, data=make_receive(content="Kvíz b"))
    client.post(WEBHOOK, data=make_receive(content="nieco ine", from_="+421908630550"))
    drain(for_seconds=10)

    assert [message.content for message in gateway.sent] == ["Vasa odpoved je B. Drzime palce!"]


def test_the_readme_names_every_call_of_readers_programs(app: Flask) -> None:
    table = (ROOT / "README.md").read_text()
    table = table[table.index("## Users API") : table.index("## Templates")]
    rules = [
        rule.rule
        for rule in app.url_map.iter_rules()
        if app.view_functions[rule.endpoint].guard.meaning == "user token"  # type: ignore[attr-defined]
    ]

    assert rules != []
    assert [rule for rule in rules if f"`{rule}`" not in table] == []


@pytest.fixture
def greeting(app: Flask, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """Register the README's first Python block as the extension `greeting`, for this test only."""
    yield from _register("greeting", 0, tmp_path, monkeypatch)


@pytest.fixture
def customer_number(app: Flask, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """Register the README's second Python block as an extension, for this test only."""
    yield from _register("customer_number", 1, tmp_path, monkeypatch)


@pytest.fixture
def quiz(app: Flask, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """Register the README's third Python block as the extension `quiz`, for this test only."""
    yield from _register("quiz", 2, tmp_path, monkeypatch)


def _register(name: str, block: int, folder: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    blocks = re.findall(r"```python\n(.*?)```", (ROOT / "README.md").read_text(), re.S)
    (folder / f"{name}.py").write_text(blocks[block])
    monkeypatch.syspath_prepend(str(folder))
    monkeypatch.setattr(chain, "_links", list(chain._links))
    before = {event: list(handlers) for event, handlers in registry.handlers.items()}
    register_extension(name, registry)
    yield name
    registry.handlers.clear()
    registry.handlers.update(before)
    sys.modules.pop(name, None)
