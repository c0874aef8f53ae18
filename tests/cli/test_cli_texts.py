"""`crm settings`, `template`, `sms`: what is set is in force, what is refused changes nothing."""

import json
from pathlib import Path

import pytest

from tests.cli.conftest import Run


def test_setting_that_is_set_is_in_force(run: Run) -> None:
    assert run("settings", "set", "mobiletech_serv_id", " 1703 ").exit_code == 0

    assert run("settings", "get", "mobiletech_serv_id").stdout == "1703\n"
    listed = {row["key"]: row for row in json.loads(run("settings", "list", "--json").stdout)}
    assert listed["mobiletech_serv_id"]["source"] == "database"
    assert listed["vat_rate"]["source"] == "default"


def test_template_set_makes_versions_and_shows_the_text(run: Run, tmp_path: Path) -> None:
    file = tmp_path / "pong.txt"
    file.write_bytes("Prijali sme: {{ text }}\nĎakujeme.\r\n".encode())

    run("template", "set", "pong", "--content", "Ahoj")
    made = run("template", "set", "pong", "--file", str(file), "--purpose", "paid")

    assert made.stdout == "pong is now version 2.\n"
    assert run("template", "show", "pong").stdout == "Prijali sme: {{ text }}\nĎakujeme.\n"
    newest, oldest = json.loads(run("template", "show", "pong", "--json").stdout)
    assert (newest["version"], newest["purpose"], oldest["content"]) == (2, "paid", "Ahoj")
    assert newest["parameters"] == [{"name": "text", "required": True}]


def test_same_text_again_is_no_new_version(run: Run) -> None:
    run("template", "set", "pong", "--content", "Ahoj")

    assert run("template", "set", "pong", "--content", "Ahoj").stdout == "pong is as it was: version 1.\n"


@pytest.mark.parametrize("text", ["{% for a in b %}", "{{ a|escape }}", "", "  "])
def test_refused_text_changes_nothing(run: Run, text: str) -> None:
    run("template", "set", "pong", "--content", "Ahoj")

    result = run("template", "set", "pong", "--content", text)

    assert result.exit_code == 1
    assert run("template", "show", "pong").stdout == "Ahoj\n"


@pytest.mark.parametrize("content", [b"\xff\xfe", b"x" * 70_000], ids=["no UTF-8", "too large"])
def test_file_that_is_no_text_is_refused(run: Run, tmp_path: Path, content: bytes) -> None:
    file = tmp_path / "x"
    file.write_bytes(content)

    assert run("template", "set", "pong", "--file", str(file)).exit_code == 1


def test_measuring_tells_how_a_text_would_be_sent(run: Run) -> None:
    folded = json.loads(run("sms", "measure", "Ľúbim ťa").stdout)
    kept = json.loads(run("sms", "measure", "Ľúbim ťa", "--no-fold").stdout)

    assert {name: folded[name] for name in ("encoding", "units", "parts", "text")} == {
        "encoding": "gsm7",
        "units": 8,
        "parts": 1,
        "text": "Lubim ta",
    }
    assert folded["replaced"][0] == {"from": "Ľ", "to": "L"}
    assert (kept["encoding"], kept["text"], kept["replaced"]) == ("ucs2", "Ľúbim ťa", [])
