"""`crm import check`: a line for each rule, and what breaks it."""

import json

import pytest
from flask import Flask
from sqlalchemy import text

from crm.core.db import transaction
from tests.cli.conftest import Run
from tests.factories.money import make_type, set_up_sale, subscribe

pytestmark = pytest.mark.usefixtures("gateway")


@pytest.fixture(autouse=True)
def _reader(app: Flask) -> None:
    set_up_sale()
    make_type()
    subscribe()


def test_rules_that_hold_are_told_each_in_a_line(run: Run) -> None:
    result = run("import", "check")

    lines = result.stdout.splitlines()
    assert result.exit_code == 0
    assert [line.split()[:2] for line in lines[:-1]] == [[f"R{number}", "0"] for number in range(1, 13)]
    assert lines[-1] == "All 12 rules hold."


def test_a_broken_rule_is_told_with_its_rows_and_how_to_mend_it(run: Run) -> None:
    _break()

    result = run("import", "check")

    assert result.exit_code == 1
    assert "Error: 1 of 12 rules are broken." in result.stderr
    [place] = [at for at, line in enumerate(result.stdout.splitlines()) if line.startswith("R7 ")]
    told = [line.strip() for line in result.stdout.splitlines()[place : place + 3]]
    assert told[0].split()[:2] == ["R7", "1"]
    assert told[1].startswith("Give the subscription type a key")
    assert told[2].startswith("recurrent_payment 1: cid=mo-")
    assert "908630549" not in result.stdout


def test_for_scripts_the_rules_are_json(run: Run) -> None:
    _break()

    result = run("import", "check", "--json")

    told = {each["rule"]: each for each in json.loads(result.stdout)}
    assert result.exit_code == 1
    assert [*told] == [f"R{number}" for number in range(1, 13)]
    assert told["R1"]["count"] == 0
    assert told["R7"]["rows"][0]["id"] == 1


def _break() -> None:
    with transaction() as session:
        session.execute(text("DELETE FROM sms_offers"))
