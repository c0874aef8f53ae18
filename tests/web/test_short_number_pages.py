"""Short numbers in the browser: described, seen, and the number that our messages go from."""

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from crm.mobiletech.catalogue.models import ShortNumber
from crm.users.models import AuditEntry
from tests.factories.messages import WEBHOOK, make_receive, set_up_gateway
from tests.pages import Page
from tests.stored import read

LIST = "/admin/settings/short-numbers"
NEW = f"{LIST}/new"


def test_an_empty_list_says_how_a_number_comes(staff: FlaskClient) -> None:
    assert "A number shows up here by itself" in Page(staff.get(LIST)).text


def test_numbers_that_nobody_described_are_offered(staff: FlaskClient) -> None:
    set_up_gateway()
    staff.post(WEBHOOK, data=make_receive(to="8866"))

    page = Page(staff.get(LIST))

    assert "8866 Not described" in page.text
    assert "8877 Not described · our sender" in page.text
    assert f"{NEW}?number=8866" in page.links
    assert Page(staff.get(f"{NEW}?number=8866")).form().fields["number"] == "8866"
    assert Page(staff.get(f"{NEW}?number=x")).form().fields["number"] == ""


def test_a_number_is_described_changed_and_forgotten(staff: FlaskClient) -> None:
    added = _send(staff, NEW, number="8877", name="News", operators=["O", "T"])
    assert "8877 is described." in Page(staff.get(added.location)).text
    assert "8877 News Operators: Telekom, Orange" in Page(staff.get(LIST)).text

    changed = _send(staff, f"{LIST}/8877", name="Games", operators=[])
    assert "8877 is changed." in Page(staff.get(changed.location)).text
    assert read(ShortNumber.number, ShortNumber.name, ShortNumber.operators) == [("8877", "Games", [])]

    page = Page(staff.get(f"{LIST}/8877"))
    removed = staff.post(f"{LIST}/8877/remove", data=page.form(f"{LIST}/8877/remove").fields)
    assert "The description of 8877 is gone" in Page(staff.get(removed.location)).text
    assert read(ShortNumber.number) == []
    assert read(AuditEntry.action, order=AuditEntry.id) == [
        ("short_number.create",),
        ("short_number.edit",),
        ("short_number.remove",),
    ]


@pytest.mark.parametrize(
    ("fields", "told"),
    [
        ({"number": "88"}, "Short number: A short number has 3 to 6 digits"),
        ({"number": "8866"}, "Short number: The short number 8866 is listed already."),
        ({"name": ""}, "What it is for: Say what it is for."),
        ({"name": "x" * 81}, "What it is for: Write at most 80 characters."),
        ({"operators": ["X"]}, "Operators: 'X' is none of T, O, 2 and S."),
    ],
)
def test_what_cannot_be_kept_is_told_beside_its_field(
    staff: FlaskClient, fields: dict[str, str | list[str]], told: str
) -> None:
    _send(staff, NEW, number="8866", name="News")

    page = Page(_send(staff, NEW, **({"number": "8877", "name": "Games"} | fields)))

    assert page.status == 422
    assert told in page.text
    assert read(ShortNumber.number) == [("8866",)]


@pytest.mark.parametrize("number", ["8877", "x", "a%00b", "8" * 300])
def test_a_number_that_is_not_described_is_404(staff: FlaskClient, number: str) -> None:
    assert Page(staff.get(f"{LIST}/{number}")).status == 404


def _send(client: FlaskClient, path: str, **fields: str | list[str]) -> TestResponse:
    form = {
        name: value for name, value in Page(client.get(path)).form().fields.items() if name != "operators"
    }
    return client.post(path, data=form | fields)
