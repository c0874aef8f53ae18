"""Staff see the pages that are open to them, and no others."""

import pytest
from flask.testing import FlaskClient

from tests.factories.conversations import make_item
from tests.factories.users import make_user
from tests.pages import Page, sign_in

FOR_ALL = ["/admin/", "/admin/inbox", "/admin/messages", "/admin/phone-numbers", "/admin/templates"]
FOR_ADMINS = ["/admin/imports", "/admin/users", "/admin/tokens", "/admin/settings", "/admin/audit"]


@pytest.mark.parametrize(
    ("role", "shown"),
    [
        ("support", FOR_ALL),
        ("editor", FOR_ALL),
        ("billing", FOR_ALL),
        ("admin", [*FOR_ALL, *FOR_ADMINS]),
    ],
)
def test_the_navigation_shows_what_the_role_opens(client: FlaskClient, role: str, shown: list[str]) -> None:
    make_user(role=role, email="eva@example.sk")
    sign_in(client, "eva@example.sk")

    page = Page(client.get("/admin/templates"))

    # The brand leads to the overview too, and on a phone the rest of them stands under More.
    assert [link for link in dict.fromkeys(page.links) if link in FOR_ALL + FOR_ADMINS] == shown
    assert "More" in page.text


def test_it_marks_where_one_is(staff: FlaskClient) -> None:
    html = staff.get("/admin/users/new").text

    assert '<a class="nav__item" href="/admin/users" aria-current="page">' in html
    assert '<summary class="nav__item" aria-current="true">' in html


def test_the_inbox_says_how_many_wait(staff: FlaskClient) -> None:
    assert "data-live></span>" in staff.get("/admin/messages").text
    make_item()
    make_item()

    assert "data-live>2</span>" in staff.get("/admin/messages").text
