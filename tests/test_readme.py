"""The README's worked example of an extension does what the README says."""

import re
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient

from crm.core.config import ROOT
from crm.core.db import transaction
from crm.events.drain import drain
from crm.events.registry import registry
from crm.mobiletech.sms_templates import create_template
from crm.wiring import register_extension
from tests.factories.messages import WEBHOOK, make_receive, set_up_gateway
from tests.fakes import FakeGateway


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


@pytest.fixture
def greeting(app: Flask, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """Register the README's first Python block as the extension `greeting`, for this test only."""
    blocks = re.findall(r"```python\n(.*?)```", (ROOT / "README.md").read_text(), re.S)
    (tmp_path / "greeting.py").write_text(blocks[0])
    monkeypatch.syspath_prepend(str(tmp_path))
    before = {event: list(handlers) for event, handlers in registry.handlers.items()}
    register_extension("greeting", registry)
    yield "greeting"
    registry.handlers.update(before)
    sys.modules.pop("greeting", None)
