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
    text = "{{ text }}: 4,99 EUR/mesiac,\nSTOP na 8877. Ďakujeme."
    file.write_bytes(f"{text}\r\n".encode())

    run("template", "set", "pong", "--content", "Ahoj")
    made = run("template", "set", "pong", "--file", str(file), "--purpose", "paid")

    assert made.stdout == "pong is now version 2.\n"
    assert run("template", "show", "pong").stdout == f"{text}\n"
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


def test_an_english_text_stands_beside_the_slovak_one(run: Run) -> None:
    run("template", "set", "pong", "--content", "Ahoj", "--content-en", "Hello")

    assert run("template", "set", "pong", "--content", "Nazdar").stdout == "pong is now version 2.\n"
    assert run("template", "set", "pong", "--content-en", "Hi").stdout == "pong is now version 3.\n"
    assert run("template", "set", "pong", "--content-en", "").stdout == "pong is now version 4.\n"
    versions = json.loads(run("template", "show", "pong", "--json").stdout)
    assert [(each["content"], each["content_en"]) for each in versions] == [
        ("Nazdar", None),
        ("Nazdar", "Hi"),
        ("Nazdar", "Hello"),
        ("Ahoj", "Hello"),
    ]
    assert json.loads(run("template", "list", "--json").stdout)[0]["content_en"] is None


@pytest.mark.parametrize(
    ("arguments", "exit_code"),
    [
        (("pong",), 2),
        (("pong", "--content", "a", "--file", __file__), 2),
        (("unheard", "--content-en", "Hello"), 1),
        (("pong", "--content-en", "{% for %}"), 1),
    ],
)
def test_a_text_that_is_missing_or_refused_changes_nothing(
    run: Run, arguments: tuple[str, ...], exit_code: int
) -> None:
    run("template", "set", "pong", "--content", "Ahoj")

    assert run("template", "set", *arguments).exit_code == exit_code
    assert len(json.loads(run("template", "show", "pong", "--json").stdout)) == 1


def test_a_careless_paid_text_is_refused_with_all_that_it_lacks(run: Run) -> None:
    refused = run("template", "set", "renewal", "--content", "Dakujeme", "--purpose", "paid")

    assert refused.exit_code == 1
    assert refused.stderr == (
        "Error: A paid text must also do this: Name the price with its currency, such as 4,99 EUR."
        " Name the period that is paid for, such as a month or 30 days. Name the word STOP."
        " Name our short number that STOP is sent to.\n"
    )
    assert run("template", "show", "renewal").exit_code == 1
