"""The description of the API as a person reads it: whole, ours alone, open to all."""

import pytest
from flask.testing import FlaskClient

from crm.web.api.reference import list_chapters, read_description
from tests.pages import Page

DOCS = "/api/docs"


def test_the_page_is_sound_and_open_to_all(client: FlaskClient) -> None:
    page = Page(client.get(DOCS))

    assert page.status == 200
    assert "/api/openapi.json" in page.links


def test_every_call_stands_on_it_with_its_fields_and_answers(client: FlaskClient) -> None:
    page = Page(client.get(DOCS))

    for path, calls in read_description()["paths"].items():
        for method, call in calls.items():
            assert f"{method.upper()} {path}" in page.text
            assert call["summary"] in page.text
            assert call["operationId"] in page.ids
            assert f"#{call['operationId']}" in page.links


@pytest.mark.parametrize(
    ("call_id", "who", "limit"),
    [
        ("checkEmail", "Anybody", "30 requests a minute for each address"),
        ("createUser", "An API token with the scope users:create", "600 requests a minute for each token"),
        ("whoAmI", "The token of a reader", "600 requests a minute for each token"),
        ("hearGateway", "The gateway, by its address and password", "No limit"),
    ],
)
def test_who_may_and_how_often_is_said_in_words(call_id: str, who: str, limit: str) -> None:
    [call] = [call for chapter in list_chapters() for call in chapter.calls if call.id == call_id]

    assert (call.who, call.limit) == (who, limit)


def test_a_required_field_is_marked() -> None:
    [call] = [call for chapter in list_chapters() for call in chapter.calls if call.id == "signIn"]

    assert {field.name: field.is_required for field in call.fields} == {
        "email": True,
        "password": True,
        "source": False,
        "device_token": False,
    }


def test_every_call_belongs_to_a_chapter() -> None:
    told = [call for chapter in list_chapters() for call in chapter.calls]

    assert len(told) == sum(len(calls) for calls in read_description()["paths"].values())


def test_nothing_comes_from_elsewhere(client: FlaskClient) -> None:
    html = client.get(DOCS).text

    assert "http://" not in html
    assert "https://" not in html
