"""A page speaks the language of whoever reads it, and the other one is a button away."""

import re

import pytest
from flask import Flask
from flask.testing import FlaskClient
from flask_babel import ngettext
from werkzeug.test import TestResponse

from crm.core.db import transaction
from crm.core.errors import N_, CrmError, Said
from crm.core.phone import InvalidPhoneError
from crm.mobiletech.composing import RefusalError
from crm.mobiletech.errors import TemplateNotFoundError
from crm.mobiletech.sms_templates import check_content, create_template
from crm.mobiletech.template_language import TemplateRefusedError
from crm.mobiletech.wishes import Reason
from crm.users.accounts import get_user
from crm.users.models import AuditEntry
from crm.web import languages
from crm.web.languages import read_translations, told
from crm.web.page_tools import local_time
from crm.web.retelling import retell
from tests.factories.log import START, make_inbound, make_not_sent, make_outbound
from tests.factories.moments import on_the_wall
from tests.factories.users import make_user
from tests.pages import Page, sign_in
from tests.stored import read

SLOVAK = {"Accept-Language": "sk"}
# Words that English cannot do without. The wire's own elements are called from and to.
ENGLISH = re.compile(r"\b(?:the|and|of|is|are|was|this|that|your|not|with|for|no|by)\b", re.IGNORECASE)


@pytest.mark.parametrize(
    ("header", "language"),
    [
        ("sk", "sk"),
        ("en-GB,en;q=0.9", "en"),
        ("de-AT,en;q=0.5,sk;q=0.4", "en"),
        ("cs,de;q=0.5", "sk"),
        ("", "sk"),
        ("; nonsense ,,q", "sk"),
    ],
)
def test_a_stranger_reads_what_the_browser_asks_for(client: FlaskClient, header: str, language: str) -> None:
    response = client.get("/login", headers={"Accept-Language": header})

    assert _language(response) == language
    assert Page(response).title == {"sk": "Prihlásiť sa", "en": "Sign in"}[language]


def test_a_visitor_chooses_and_stays_on_the_page(client: FlaskClient) -> None:
    page = Page(client.get("/login?next=/admin/templates"))

    response = _choose(client, page, "sk")

    assert (response.status_code, response.location) == (302, "/login?next=/admin/templates")
    assert _language(client.get(response.location)) == "sk"
    assert _language(client.get("/")) == "sk"


def test_the_choice_outlives_signing_in_and_out(client: FlaskClient) -> None:
    make_user(role="admin", email="eva@example.sk")
    _choose(client, Page(client.get("/login")), "sk")

    sign_in(client, "eva@example.sk")
    inside = client.get("/admin/")
    client.post("/logout", data=Page(inside).form("/logout").fields)

    assert _language(inside) == "sk"
    assert _language(client.get("/login")) == "sk"


def test_a_person_reads_what_the_person_has_chosen_on_any_browser(client: FlaskClient) -> None:
    make_user(role="admin", email="eva@example.sk")
    sign_in(client, "eva@example.sk")
    _choose(client, Page(client.get("/admin/")), "sk")
    elsewhere = client.application.test_client_class(client.application)  # type: ignore[misc]

    with client.application.app_context():
        sign_in(elsewhere, "eva@example.sk")
    with client.application.app_context():
        page = elsewhere.get("/admin/")
    with client.application.app_context():
        lost = elsewhere.get("/nowhere")

    assert (_language(page), Page(page).title) == ("sk", "Prehľad")
    assert (_language(lost), Page(lost).title) == ("sk", "Táto stránka neexistuje")


def test_the_choice_is_kept_with_the_account(staff: FlaskClient) -> None:
    _choose(staff, Page(staff.get("/admin/")), "sk")

    with transaction() as session:
        assert get_user(session, 1).locale == "sk_SK"
    assert read(AuditEntry.action, AuditEntry.actor_id, AuditEntry.subject) == [
        ("account.language", 1, "user 1")
    ]


@pytest.mark.parametrize("language", ["de", "", "../../etc", "sk\0"])
def test_a_language_that_we_do_not_speak_is_refused(client: FlaskClient, language: str) -> None:
    page = Page(client.get("/login"))

    assert _choose(client, page, language).status_code == 400
    assert _language(client.get("/login")) == "en"


def test_a_language_in_an_old_cookie_that_we_do_not_speak_is_passed_over(client: FlaskClient) -> None:
    with client.session_transaction() as session:
        session["language"] = "xx"

    assert _language(client.get("/login")) == "en"


@pytest.mark.parametrize(
    "target", ["https://evil.example/", "//evil.example", "/\\evil.example", "login", ""]
)
def test_the_choice_leads_to_no_foreign_page(client: FlaskClient, target: str) -> None:
    fields = Page(client.get("/login")).form("/language").fields

    response = client.post("/language", data=fields | {"language": "sk", "next": target})

    assert response.location == "/"


def test_the_way_back_carries_no_foreign_address(client: FlaskClient) -> None:
    fields = Page(client.get("/login?next=https://evil.example/&a=b")).form("/language").fields

    assert fields["next"] == "/login?a=b"


@pytest.mark.parametrize("path", ["/", "/login"])
def test_the_button_is_called_by_the_other_language(client: FlaskClient, path: str) -> None:
    assert ">Slovensky</button>" in client.get(path).text
    assert ">English</button>" in client.get(path, headers=SLOVAK).text


@pytest.mark.parametrize(
    "path",
    [
        "/admin/",
        "/admin/messages",
        "/admin/messages?state=not_sent&from=2026-11-20",
        "/admin/messages?state=nonsense",
        "/admin/messages?after=nonsense",
        "/admin/messages/inbound/1",
        "/admin/messages/outbound/1",
        "/admin/templates",
        "/admin/templates/new",
        "/admin/templates/pong",
        "/admin/templates/nothing",
        "/nowhere",
    ],
)
def test_staff_pages_in_slovak_have_no_english(staff: FlaskClient, path: str) -> None:
    _choose(staff, Page(staff.get("/admin/")), "sk")
    _fill()

    page = Page(staff.get(path))

    assert ENGLISH.findall(page.text) == []


@pytest.mark.parametrize(
    "page", ["", "/name", "/email", "/password", "/phone", "/language", "/sign-ins", "/messages"]
)
def test_pages_for_readers_in_slovak_have_no_english(client: FlaskClient, page: str) -> None:
    make_user(role="customer", email="reader@example.sk")
    sign_in(client, "reader@example.sk")

    answer = Page(client.get(f"/account{page}", headers=SLOVAK))

    assert answer.status == 200
    assert ENGLISH.findall(answer.text.replace("English", "")) == []


@pytest.mark.parametrize("path", ["/", "/login", "/login/code", "/nowhere", "/api/nowhere/but/a/page"])
def test_pages_for_strangers_in_slovak_have_no_english(client: FlaskClient, path: str) -> None:
    response = client.get(path, headers=SLOVAK)

    if path.startswith("/api/"):  # programs are told in English, as documented
        assert response.json is not None and response.json["message"].startswith("The address may be")
    else:
        assert ENGLISH.findall(Page(response).text) == []


@pytest.mark.parametrize(
    ("fields", "told_in_slovak"),
    [
        ({"username": "", "password": ""}, "Napíšte svoj e-mail alebo číslo."),
        ({"username": "eva@example.sk", "password": "wrong"}, "Meno alebo heslo nie je správne."),
    ],
)
def test_a_form_says_in_slovak_what_is_wrong(
    client: FlaskClient, fields: dict[str, str], told_in_slovak: str
) -> None:
    form = Page(client.get("/login", headers=SLOVAK)).form()

    page = Page(client.post("/login", data=form.fields | fields, headers=SLOVAK))

    assert page.status == 422
    assert told_in_slovak in page.text
    assert ENGLISH.findall(page.text) == []


def test_what_the_forms_library_says_is_slovak_too(staff: FlaskClient) -> None:
    _choose(staff, Page(staff.get("/admin/")), "sk")
    form = Page(staff.get("/admin/templates/new")).form()

    page = Page(
        staff.post("/admin/templates/new", data=form.fields | {"code": "a", "content": "b", "purpose": "c"})
    )

    assert page.status == 422
    assert "Neplatná voľba" in page.text
    assert "Not a valid choice" not in page.text


def test_a_refused_template_is_told_in_slovak(staff: FlaskClient) -> None:
    _choose(staff, Page(staff.get("/admin/")), "sk")
    form = Page(staff.get("/admin/templates/new")).form()

    typed = {"code": "a", "content": "{{ x|foo }}", "purpose": "service"}
    page = Page(staff.post("/admin/templates/new", data=form.fields | typed))

    assert "Riadok 1 šablóny: filter foo sa nepodporuje." in page.text


def test_who_may_not_is_told_which_role_may_in_slovak(client: FlaskClient) -> None:
    make_user(role="support", email="eva@example.sk")
    sign_in(client, "eva@example.sk")
    _choose(client, Page(client.get("/admin/")), "sk")

    page = Page(client.get("/admin/templates/new"))

    assert "Kto chce písať šablóny, potrebuje rolu redaktor alebo správca." in page.text


def test_dates_are_written_as_their_readers_do(app: Flask) -> None:
    with app.test_request_context(headers={"Accept-Language": "en"}):
        english = local_time(START)
    with app.app_context(), app.test_request_context(headers=SLOVAK):
        slovak = local_time(START)

    assert (english, slovak) == ("20 Nov 2026, 09:00:00", "20. 11. 2026, 09:00:00")


@pytest.mark.usefixtures("in_2026")
@pytest.mark.parametrize(
    ("moment", "shape", "english", "slovak"),
    [
        ("2026-09-01 08:00", "short", "1 Sep 08:00", "1. 9. 08:00"),
        ("2026-09-01 08:00", "second", "1 Sep, 08:00:00", "1. 9., 08:00:00"),
        ("2025-09-01 08:00", "short", "1 Sep 2025, 08:00", "1. 9. 2025, 08:00"),
        ("2099-10-01 07:00", "second", "1 Oct 2099, 07:00:00", "1. 10. 2099, 07:00:00"),
        ("2099-10-01 07:00", "minute", "1 Oct 2099, 07:00", "1. 10. 2099, 07:00"),
        ("2026-01-01 00:30", "short", "1 Jan 00:30", "1. 1. 00:30"),  # here: in UTC it is still last year
    ],
)
def test_a_moment_of_another_year_says_which(
    app: Flask, moment: str, shape: str, english: str, slovak: str
) -> None:
    at = on_the_wall(moment)

    with app.app_context(), app.test_request_context(headers={"Accept-Language": "en"}):
        shown = local_time(at, shape)
    with app.app_context(), app.test_request_context(headers=SLOVAK):
        assert (shown, local_time(at, shape)) == (english, slovak)


@pytest.mark.parametrize(
    ("error", "english", "slovak"),
    [
        (
            TemplateNotFoundError("pong"),
            "There is no SMS template 'pong'. `crm template list` shows them all.",
            "Šablóna SMS „pong“ neexistuje. Všetky ukáže `crm template list`.",
        ),
        (
            InvalidPhoneError(),
            "This is not a Slovak mobile number. Write it like 0908 123 456 or +421 908 123 456.",
            "Toto nie je slovenské mobilné číslo. Napíšte ho ako 0908 123 456 alebo +421 908 123 456.",
        ),
        (CrmError("100 % of nothing"), "100 % of nothing", "100 % of nothing"),
    ],
)
def test_a_refusal_is_english_in_the_log_and_slovak_on_the_page(
    app: Flask, error: CrmError, english: str, slovak: str
) -> None:
    with app.app_context(), app.test_request_context(headers=SLOVAK):
        assert (str(error), told(error)) == (english, slovak)


def test_what_stands_in_a_place_is_translated_too(app: Flask) -> None:
    with pytest.raises(TemplateRefusedError) as refused:
        check_content("{{ x|slice }}")

    with app.app_context(), app.test_request_context(headers=SLOVAK):
        assert str(refused.value).startswith(
            "Line 1 of the template: the filter slice takes 1 or 2 arguments"
        )
        assert told(refused.value) == "Riadok 1 šablóny: filter slice berie argumentov 1 alebo 2, nie 0."


@pytest.mark.parametrize(
    ("stored", "slovak"),
    [
        ("The recipient is no Slovak mobile number.", "Príjemca nie je slovenské mobilné číslo."),
        ("There is no SMS template 'the \"one\"'.", 'Šablóna SMS „the "one"“ neexistuje.'),
        (
            "The SMS text cannot be made: the filter round was given something that is not a number.",
            "Text SMS sa nedá zostaviť: filter round dostal niečo, čo nie je číslo.",
        ),
        (
            "shop.greet failed and will be tried again; it may still answer.",
            "shop.greet zlyhalo a skúsi sa znova; ešte môže odpovedať.",
        ),
        ("HTTP 200: The body is empty.", "HTTP 200: Telo je prázdne."),
        ("Service is not active for this number.", "Service is not active for this number."),
        ("paid", "paid"),
        ("", ""),
    ],
)
def test_a_stored_sentence_is_told_again_in_slovak(app: Flask, stored: str, slovak: str) -> None:
    with app.app_context(), app.test_request_context(headers=SLOVAK):
        assert retell(stored) == slovak
    with app.app_context(), app.test_request_context(headers={"Accept-Language": "en"}):
        assert retell(stored) == stored


def test_a_refusal_to_make_a_message_can_be_told_again(app: Flask) -> None:
    refusal = RefusalError(Reason.EMPTY_TEXT, N_("The template %(code)r gave an empty text."), code="pong")

    with app.app_context(), app.test_request_context(headers=SLOVAK):
        assert refusal.detail == "The template 'pong' gave an empty text."
        assert retell(refusal.detail) == "Zo šablóny „pong“ vyšiel prázdny text."


def test_without_a_request_everything_is_english(app: Flask) -> None:
    assert told(Said("Sign in")) == "Sign in"


def test_a_broken_catalogue_leaves_pages_in_english(
    client: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(languages, "FOLDER", languages.FOLDER / "gone")
    read_translations.cache_clear()

    page = Page(client.get("/login", headers=SLOVAK))
    lost = client.get("/nowhere", headers=SLOVAK)

    read_translations.cache_clear()
    assert (page.status, page.title) == (200, "Sign in")
    assert lost.status_code == 404


@pytest.mark.parametrize(
    ("count", "words"), [(0, "0 správ"), (1, "1 správa"), (2, "2 správy"), (4, "4 správy"), (5, "5 správ")]
)
def test_slovak_counts_as_slovaks_do(app: Flask, count: int, words: str) -> None:
    with app.app_context(), app.test_request_context(headers=SLOVAK):
        assert ngettext("%(count)s message", "%(count)s messages", count, count=count) == words


def test_error_pages_have_no_form_and_set_no_cookie(client: FlaskClient) -> None:
    response = client.get("/nowhere")

    assert Page(response).forms == []
    assert "Set-Cookie" not in response.headers


def _choose(client: FlaskClient, page: Page, language: str) -> TestResponse:
    return client.post("/language", data=page.form("/language").fields | {"language": language})


def _language(response: TestResponse) -> str:
    found = re.search(r'<html lang="(\w+)"', response.text)
    assert found is not None
    return found[1]


def _fill() -> None:
    """Add a message of each kind, with reasons that were stored in English."""
    inbound = make_inbound(content="Ahoj", problems=["date_bad", "from_spelling"])
    make_not_sent(inbound_message_id=inbound, detail="The recipient is no Slovak mobile number.")
    make_outbound(state="expired", state_reason="It could not be sent in time; the window for it is over.")
    with transaction() as session:
        create_template(session, "pong", "Prijali sme: {{ original_message }}")
