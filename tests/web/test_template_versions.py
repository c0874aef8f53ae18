"""Versions of a template: any two compared word by word, one of before in use again, knowingly."""

import pytest
from flask.testing import FlaskClient

from crm.core.db import transaction
from crm.mobiletech.editing.differences import compare_texts
from crm.mobiletech.models import SmsTemplateVersion
from crm.mobiletech.sms_templates import create_template, get_template, save_template
from crm.users.models import AuditEntry
from tests.factories.messages import set_up_gateway
from tests.factories.users import make_user
from tests.pages import Page, sign_in
from tests.stored import read

VERSIONS = "/admin/templates/pong/versions"
RESTORE = f"{VERSIONS}/1/restore"


@pytest.mark.parametrize(
    ("old", "new", "pieces"),
    [
        ("a b", "a b", ["same a b"]),
        ("", "a", ["added a"]),
        ("a", "", ["removed a"]),
        ("Dobrý deň Eva", "Dobrý večer Eva", ["same Dobrý ", "removed deň", "added večer", "same  Eva"]),
        ("{{ name }}!", "{{ nick }}!", ["removed {{ name }}", "added {{ nick }}", "same !"]),
    ],
)
def test_what_differs_is_told_word_by_word(old: str, new: str, pieces: list[str]) -> None:
    compared = compare_texts(old, new)

    assert [f"{piece.kind} {piece.text}" for piece in compared] == pieces
    assert "".join(piece.text for piece in compared if piece.kind != "added") == old
    assert "".join(piece.text for piece in compared if piece.kind != "removed") == new


def test_each_version_tells_who_when_why_and_what_was_sent_with_it(staff: FlaskClient) -> None:
    author = make_user(role="editor", name="Elena Šimková")
    make("Prvá")
    save("Druhá", reason="clearer", author_id=author)

    page = Page(staff.get(VERSIONS))

    assert page.text.index("Version 2 in use Elena Šimková") < page.text.index(
        "Version 1 Set up by a command"
    )
    assert "clearer" in page.text
    assert "/admin/messages?template=pong&version=1" in page.links
    assert RESTORE in page.links
    assert f"{VERSIONS}/2/restore" not in page.links


def test_the_newest_change_is_shown_and_any_two_on_demand(staff: FlaskClient) -> None:
    make("Dobre rano")
    save("Dobry den")
    save("Dobry vecer", content_en="Good evening")

    newest, chosen = Page(staff.get(VERSIONS)), Page(staff.get(f"{VERSIONS}?old=1&new=3"))

    assert "Dobry removed: den added: vecer" in newest.text
    assert "removed: Dobre added: Dobry removed: rano added: vecer" in chosen.text
    assert "added: Good evening" in chosen.text


@pytest.mark.parametrize("query", ["old=0", "old=9", "new=x", "new=-1", "new=99999999999999999999", "old=²"])
def test_a_version_that_is_none_gets_an_answer(staff: FlaskClient, query: str) -> None:
    make("Prvá")

    page = Page(staff.get(f"{VERSIONS}?{query}"))

    assert page.status == 400
    assert "There is no such version. The versions are 1 to 1." in page.text


def test_a_version_of_before_comes_back_as_the_next_one(staff: FlaskClient) -> None:
    make("Prvá", content_en="First")
    save("Druhá", content_en="")

    form = Page(staff.get(RESTORE)).form().fields
    without_reason = staff.post(RESTORE, data=form)
    response = staff.post(RESTORE, data=form | {"reason": "readers complained"})

    assert without_reason.status_code == 422
    assert (response.status_code, response.location) == (302, VERSIONS)
    assert "Version 1 is in use again, as version 3." in Page(staff.get(VERSIONS)).text
    assert read(SmsTemplateVersion.version, SmsTemplateVersion.content, SmsTemplateVersion.content_en)[
        -1
    ] == (
        3,
        "Prvá",
        "First",
    )
    assert read(AuditEntry.action, AuditEntry.reason) == [("template.save", "readers complained")]


def test_bringing_back_other_values_needs_a_look_at_who_uses_them(staff: FlaskClient) -> None:
    make("Ahoj {{ name }}")
    save("Ahoj {{ nick }}")
    form = Page(staff.get(RESTORE)).form().fields | {"reason": "why"}
    form.pop("has_looked")

    asked = Page(staff.post(RESTORE, data=form))
    done = staff.post(RESTORE, data=form | {"has_looked": "y"})

    assert asked.status == 422
    assert "name is new" in asked.text and "nick is not used any more" in asked.text
    assert asked.form().fields["reason"] == "why"
    assert done.status_code == 302


def test_a_version_that_breaks_the_rules_of_today_stays_in_the_past(staff: FlaskClient) -> None:
    set_up_gateway()
    make("Dakujeme")
    save("5 EUR/mesiac. STOP na 8877", purpose="paid")
    with transaction() as session:
        version = session.query(SmsTemplateVersion).filter_by(version=1).one()
        version.purpose = "paid"  # as it may have been saved before there were rules

    refused = Page(staff.post(RESTORE, data=Page(staff.get(RESTORE)).form().fields | {"reason": "why"}))

    assert refused.status == 422
    assert "A paid text must also do this: Name the price" in refused.text


def test_what_was_saved_meanwhile_is_told(staff: FlaskClient) -> None:
    make("Prvá")
    save("Druhá")
    form = Page(staff.get(RESTORE)).form().fields | {"reason": "why"}
    save("Tretia")

    refused = Page(staff.post(RESTORE, data=form))

    assert refused.status == 409
    assert "was saved as version 3 meanwhile" in refused.text
    assert "removed: Tretia" in refused.text
    with transaction() as session:
        assert get_template(session, "pong").content == "Tretia"


def test_the_texts_in_use_are_not_brought_back(staff: FlaskClient) -> None:
    make("Prvá")

    page = Page(staff.get(RESTORE))

    assert "there is nothing to bring back" in page.text
    assert "Save as version" not in page.text


@pytest.mark.parametrize("number", [0, 2, 2**31, 10**30])
def test_a_version_that_does_not_exist_is_404(staff: FlaskClient, number: int) -> None:
    make("Prvá")

    assert staff.get(f"{VERSIONS}/{number}/restore").status_code == 404


def test_who_only_reads_is_offered_no_way_back(client: FlaskClient) -> None:
    make("Prvá")
    save("Druhá")
    make_user(role="support", email="eva@example.sk")
    sign_in(client, "eva@example.sk")

    page = Page(client.get(VERSIONS))

    assert "Use it again" not in page.text
    assert client.get(RESTORE).status_code == 403


def make(content: str, content_en: str | None = None) -> None:
    with transaction() as session:
        create_template(session, "pong", content, content_en=content_en)


def save(content: str, **options: object) -> None:
    with transaction() as session:
        save_template(session, "pong", content, **options)  # type: ignore[arg-type]
