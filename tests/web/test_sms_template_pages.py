"""Templates in the browser: every save is a version, and nothing typed is ever lost."""

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from crm.core.db import transaction
from crm.mobiletech.sms_templates import create_template, find_template, get_template, save_template
from crm.users.models import AuditEntry
from tests.factories.log import make_outbound
from tests.factories.users import make_user
from tests.pages import Page, sign_in
from tests.stored import read

LIST = "/admin/templates"
NEW = f"{LIST}/new"
PONG = f"{LIST}/pong"


def test_an_empty_list_says_what_a_template_is(staff: FlaskClient) -> None:
    page = Page(staff.get(LIST))

    assert "No template yet" in page.text
    assert NEW in page.links


def test_the_list_tells_length_version_and_last_use(staff: FlaskClient) -> None:
    template_id = _pong("Prijali sme: {{ original_message }}")
    make_outbound(mobiletech_template_id=template_id)

    page = Page(staff.get(LIST))

    assert PONG in page.links
    assert "service 18 1 1" in page.text  # units with a sample value, parts, version
    assert "never" not in page.text


def test_a_new_template_is_saved_as_version_one(staff: FlaskClient) -> None:
    response = _send(
        staff,
        NEW,
        code="renewal-2",
        content="{{ price }} €/mesiac\r\nZrusit: STOP na 8877",
        purpose="paid",
        reason="first",
    )

    page = Page(staff.get(response.location))
    assert (response.status_code, response.location) == (302, f"{LIST}/renewal-2")
    assert "Template renewal-2 saved as version 1." in page.text
    with transaction() as session:
        saved = get_template(session, "renewal-2")
        assert (saved.content, saved.purpose, saved.version) == (
            "{{ price }} €/mesiac\nZrusit: STOP na 8877",
            "paid",
            1,
        )
    assert read(AuditEntry.action, AuditEntry.actor, AuditEntry.subject, AuditEntry.reason) == [
        ("template.create", "Eva Nováková", "template renewal-2", "first")
    ]


@pytest.mark.parametrize(
    ("label", "fields", "told"),
    [
        ("no text", {"content": ""}, "Slovak text: Write the text."),
        ("only spaces", {"content": "   "}, "Slovak text: Write the text."),
        ("no code", {"code": ""}, "Code: Give it a code."),
        ("a code that cannot stand in an address", {"code": "Žltá/karta"}, "is no template code"),
        ("a code that is taken", {"code": "pong"}, "exists already"),
        ("a loop", {"content": "{% for a in b %}x{% endfor %}"}, "Line 1 of the template"),
        ("a look inside", {"content": "{{ ''.__class__ }}"}, "Line 1 of the template"),
        ("an open brace", {"content": "Ahoj {{ name"}, "Line 1 of the template"),
        ("a zero character", {"content": "a\0b"}, "cannot be stored"),
        ("far too long", {"content": "x" * 2001}, "at most 2000 characters"),
        ("a purpose that is none", {"purpose": "free"}, "Purpose: "),
        ("a long reason", {"reason": "x" * 201}, "at most 200 characters"),
    ],
)
def test_what_is_refused_is_told_and_the_text_stays(
    staff: FlaskClient, label: str, fields: dict[str, str], told: str
) -> None:
    _pong()
    typed = {"code": "new", "content": "Ahoj {{ name }}", "purpose": "service", "reason": "why"} | fields

    page = Page(_send(staff, NEW, **typed))

    assert page.status == 422
    assert told in page.text
    kept = page.form().fields
    assert (kept["code"], kept["reason"]) == (typed["code"], typed["reason"])
    assert kept["content"].replace("\0", "\ufffd") == typed["content"].replace("\0", "\ufffd")
    with transaction() as session:
        assert find_template(session, "new") is None


def test_a_change_is_saved_as_the_next_version(staff: FlaskClient) -> None:
    _pong()

    content = "Máme to: {{ original_message }}"
    response = _send(staff, PONG, content=content, reason="shorter")

    page = Page(staff.get(response.location))
    assert "Template pong saved as version 2." in page.text
    assert "Save as version 3" in page.text
    assert read(AuditEntry.action, AuditEntry.actor, AuditEntry.subject, AuditEntry.reason) == [
        ("template.save", "Eva Nováková", "template pong", "shorter")
    ]
    assert read(AuditEntry.before, AuditEntry.after) == [
        (
            {"version": 1, "content": "Prijali sme: {{ original_message }}"},
            {"version": 2, "content": content},
        )
    ]


def test_the_same_text_is_no_new_version(staff: FlaskClient) -> None:
    _pong("Ahoj\nznova")

    page = Page(staff.get(_send(staff, PONG).location))

    assert "Nothing was changed." in page.text
    assert "Save as version 2" in page.text


def test_two_who_write_at_once_do_not_overwrite_each_other(staff: FlaskClient) -> None:
    _pong("Prvá")
    mine = Page(staff.get(PONG)).form().fields | {"content": "Moja"}
    with transaction() as session:
        save_template(session, "pong", "Cudzia", reason="quicker")

    refused = Page(staff.post(PONG, data=mine))

    assert refused.status == 409
    assert "was saved as version 2 meanwhile" in refused.text
    assert "Cudzia" in refused.text
    assert refused.form().fields["content"] == "Moja"
    again = staff.post(PONG, data=refused.form().fields)
    assert again.status_code == 302
    with transaction() as session:
        assert (get_template(session, "pong").content, get_template(session, "pong").version) == ("Moja", 3)


@pytest.mark.parametrize("seen", ["", "x", "-1", "99999999999999999999", "²"])
def test_a_version_that_was_never_seen_is_stale(staff: FlaskClient, seen: str) -> None:
    _pong("Prvý")

    page = Page(_send(staff, PONG, content="Iný", seen_version=seen))

    assert page.status == 409


@pytest.mark.parametrize(
    ("label", "content", "shown", "measured"),
    [
        ("a sample value", "Ahoj {{ name }}", "Ahoj Zofia", "1 part · GSM-7"),
        ("its own name", "Kód {{ kod }}", "Kod kod", "1 part · GSM-7"),
        ("a number where one is needed", "{{ sum|number_format(2, ',') }} EUR", "4,99 EUR", "1 part · GSM-7"),
        ("a day where one is needed", "Do {{ end|date('d.m.Y') }}", "Do 24.12.2026", "1 part · GSM-7"),
        ("two parts", "a" * 200, "a" * 200, "2 parts · GSM-7"),
        ("another alphabet", "Привет", "Привет", "1 part · UCS-2"),
    ],
)
def test_a_preview_shows_the_text_with_values_and_saves_nothing(
    staff: FlaskClient, label: str, content: str, shown: str, measured: str
) -> None:
    _pong()

    page = Page(_send(staff, PONG, content=content, preview="1"))

    assert page.status == 200
    assert shown in page.text
    assert measured in page.text
    assert page.form().fields["content"] == content
    with transaction() as session:
        assert get_template(session, "pong").version == 1


def test_parameters_are_listed_with_those_that_may_be_missing(staff: FlaskClient) -> None:
    _pong("Ahoj {{ name }}{% if gift is defined %} a {{ gift }}{% endif %}")

    page = Page(staff.get(PONG))

    assert "name the reader's public name" in page.text
    assert "gift optional" in page.text


@pytest.mark.parametrize("path", [f"{LIST}/unheard", f"{LIST}/a%00b", f"{LIST}/" + "x" * 3000])
def test_a_template_that_does_not_exist_is_404(staff: FlaskClient, path: str) -> None:
    assert Page(staff.get(path)).status == 404


def test_who_only_reads_gets_no_button(client: FlaskClient) -> None:
    _pong()
    make_user(role="support", email="eva@example.sk")
    sign_in(client, "eva@example.sk")

    page = Page(client.get(PONG))

    assert "The roles editor and admin change them." in page.text
    assert "Save as version" not in page.text
    assert NEW not in Page(client.get(LIST)).links
    assert client.post(PONG, data=page.form().fields | {"content": "Iný"}).status_code == 403


def test_markup_in_a_template_is_text(staff: FlaskClient) -> None:
    _pong("<b>Ahoj</b> & {{ name }}")

    page = Page(staff.get(PONG))

    assert "<b>Ahoj</b>" in page.text
    assert "<b>Ahoj" not in page.response.text


def _pong(content: str = "Prijali sme: {{ original_message }}") -> int:
    with transaction() as session:
        return create_template(session, "pong", content).id


def _send(client: FlaskClient, path: str, **fields: str) -> TestResponse:
    """Fill in the form as it stands on the page and send it."""
    form = Page(client.get(path)).form()
    filled = {name: value for name, value in form.fields.items() if name != "preview"} | fields
    filled["content"] = filled["content"].replace("\r", "").replace("\n", "\r\n")  # as browsers do
    return client.post(path, data=filled)
