"""Prefixes in the browser: the table that we bring, and what people here know better."""

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from crm.mobiletech.catalogue.models import OperatorPrefix
from crm.mobiletech.wire.operators import PREFIXES
from crm.users.models import AuditEntry
from tests.pages import Page
from tests.stored import read

LIST = "/admin/settings/prefixes"


def test_the_table_is_shown_by_operator_with_its_source(staff: FlaskClient) -> None:
    page = Page(staff.get(LIST))

    assert "Nothing yet: the table below holds." in page.text
    assert "4ka 0950 0951 0952" in page.text
    assert "libphonenumber 9.0.43" in page.text
    assert {f"{LIST}/{prefix}" for prefix in PREFIXES} <= set(page.links)


def test_a_prefix_is_changed_and_restored(staff: FlaskClient) -> None:
    changed = _send(staff, f"{LIST}/908", operator="T", note="letter of 3 November")
    page = Page(staff.get(changed.location))
    assert "It holds for every number without messages of its own" in page.text
    assert "0908 Telekom In the table: Orange letter of 3 November" in page.text

    restore = Page(staff.get(f"{LIST}/908")).form(f"{LIST}/908/restore")
    restored = staff.post(f"{LIST}/908/restore", data=restore.fields)
    done = Page(staff.get(restored.location))
    assert "0908 stands as in the table again." in done.text
    assert read(OperatorPrefix.prefix) == []

    staff.post(f"{LIST}/908", data=done.form(f"{LIST}/908").fields)
    assert read(OperatorPrefix.operator, OperatorPrefix.note) == [("T", "letter of 3 November")]
    assert read(AuditEntry.action, AuditEntry.reason, order=AuditEntry.id) == [
        ("prefix.set", "letter of 3 November"),
        ("prefix.restore", ""),
        ("prefix.set", "letter of 3 November"),
    ]


@pytest.mark.parametrize(("typed", "prefix"), [("0943", "943"), ("94312", "94312"), ("908", "908")])
def test_another_prefix_is_added_as_people_write_it(staff: FlaskClient, typed: str, prefix: str) -> None:
    _send(staff, f"{LIST}/new", prefix=typed, operator="none", note="a small network")

    assert read(OperatorPrefix.prefix, OperatorPrefix.operator) == [(prefix, None)]


@pytest.mark.parametrize(
    ("fields", "told"),
    [
        ({"prefix": "0808"}, "Prefix: A prefix has 3 to 5 digits and begins with 9, such as 908."),
        ({"prefix": ""}, "Prefix: Write the prefix."),
        ({"operator": "X"}, "Operator: Not a valid choice."),
        ({"note": ""}, "How we know: Write how we know."),
    ],
)
def test_what_cannot_be_kept_is_told_beside_its_field(
    staff: FlaskClient, fields: dict[str, str], told: str
) -> None:
    page = Page(_send(staff, f"{LIST}/new", **({"prefix": "943", "operator": "S", "note": "why"} | fields)))

    assert page.status == 422
    assert told in page.text
    assert read(OperatorPrefix.prefix) == []


@pytest.mark.parametrize("prefix", ["808", "x", "a%00b", "908123"])
def test_what_is_no_prefix_is_404(staff: FlaskClient, prefix: str) -> None:
    assert Page(staff.get(f"{LIST}/{prefix}")).status == 404


def test_the_pages_of_the_settings_lead_to_each_other(staff: FlaskClient) -> None:
    pages = [
        "/admin/settings",
        *(f"/admin/settings/{name}" for name in ("short-numbers", "prefixes", "status-codes")),
    ]

    for path in pages:
        assert set(pages) <= set(Page(staff.get(path)).links)


def _send(client: FlaskClient, path: str, **fields: str) -> TestResponse:
    return client.post(path, data=Page(client.get(path)).form().fields | fields)
