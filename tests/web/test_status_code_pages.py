"""The dictionary of codes in the browser: what nobody has described is work, and every page tells the new words."""

from itertools import count

import pytest
from flask.testing import FlaskClient
from sqlalchemy import event
from werkzeug.test import TestResponse

from crm.core.db import db, transaction
from crm.mobiletech.catalogue.models import StatusCode
from crm.mobiletech.catalogue.status_codes import CodeDetails, describe_code
from crm.mobiletech.models import StatusReport
from crm.mobiletech.status_reports import apply_statuses
from tests.factories.messages import WEBHOOK, make_status
from tests.factories.outbound import make_outbound
from tests.pages import Page
from tests.stored import read

_numbers = count(1)
LIST = "/admin/settings/status-codes"
A12 = f"{LIST}/A12"
WORDS = {
    "kind": "no_credit",
    "meaning_sk": "nedostatok kreditu",
    "meaning_en": "no credit",
    "advice_sk": "Počkajte.",
    "advice_en": "Wait.",
}


def test_codes_that_nobody_described_come_first_with_their_count(staff: FlaskClient) -> None:
    for number, code in enumerate(["A12", "A12", "D1", "E5 /x"]):
        staff.post(WEBHOOK, data=make_status(f"mt-{number}", code))

    page = Page(staff.get(LIST))

    assert page.text.index("Seen, not described") < page.text.index("A12 billing refused")
    assert page.text.index("E5 /x a code that we do not know") < page.text.index("Described Codes with words")
    assert A12 in page.links
    assert "A12 billing refused Mobiletech's table of codes" in page.text
    assert "Technical 2 " in page.text


def test_without_reports_only_what_is_known_for_certain_is_told(staff: FlaskClient) -> None:
    text = Page(staff.get(LIST)).text

    assert "Seen, not described" not in text
    for code in (
        "A0 billed",
        "D1 delivered",
        "D0 not delivered",
        "_OPERATOR_CHANGE the number is with another",
    ):
        assert code in text
    assert "A1 to A1023 billing refused" in text


def test_new_words_are_told_on_the_page_of_a_message_in_its_language(staff: FlaskClient) -> None:
    message_id = _make_failed("A12")

    before = Page(staff.get(f"/admin/messages/outbound/{message_id}")).text
    response = _send(staff, A12, **WORDS)
    done = Page(staff.get(response.location)).text
    after = Page(staff.get(f"/admin/messages/outbound/{message_id}")).text
    slovak = Page(staff.get(f"/admin/messages/outbound/{message_id}", headers={"Accept-Language": "sk"})).text

    assert "Reported A12: billing refused" in before
    assert "A12 is told so on every page from now on." in done
    assert "Reported A12: no credit" in after
    assert "Wait." in after
    assert "A12: nedostatok kreditu" in slovak
    assert "Počkajte." in slovak
    assert "A12: no credit" in Page(staff.get("/admin/messages")).text


def test_without_advice_of_its_own_a_code_has_that_of_its_kind(staff: FlaskClient) -> None:
    message_id = _make_failed("A12")

    _send(staff, A12, **(WORDS | {"advice_sk": "", "advice_en": ""}))

    assert "once the reader has topped up" in Page(staff.get(f"/admin/messages/outbound/{message_id}")).text


def test_a_list_reads_the_dictionary_once(staff: FlaskClient) -> None:
    for _ in range(3):
        _make_failed("A12")
    statements: list[str] = []
    event.listen(db.engine, "before_cursor_execute", lambda *args: statements.append(args[2]))

    text = Page(staff.get("/admin/messages")).text

    assert text.count("A12: billing refused") == 3
    assert len([each for each in statements if "FROM status_codes" in each]) == 1


def test_the_delivered_of_o2_is_told_so(staff: FlaskClient) -> None:
    message_id = make_outbound(state="accepted", mobiletech_id="mt-o2", operator_type="2", is_queued=False)
    staff.post(WEBHOOK, data=make_status("mt-o2", "D0"))
    with transaction() as session:
        words = {"meaning_sk": "nedoručená", "meaning_en": "phone is off"}
        describe_code(session, "D0", CodeDetails(reason="technical", **words))

    text = Page(staff.get(f"/admin/messages/outbound/{message_id}")).text

    assert "Reported D0: delivered" in text
    assert "phone is off" not in text


def test_a_code_that_has_not_come_yet_is_described_too(staff: FlaskClient) -> None:
    _send(staff, f"{LIST}/new", code=" A0077 ", **WORDS)

    assert read(StatusCode.code, StatusCode.reason) == [("A77", "no_credit")]


def test_a_known_code_begins_with_its_words_and_gets_them_back(staff: FlaskClient) -> None:
    path = f"{LIST}/D0"
    assert Page(staff.get(path)).form().fields["meaning_en"] == "not delivered"
    _send(staff, path, **(WORDS | {"kind": "technical", "meaning_en": "phone is off"}))
    assert "phone is off" in Page(staff.get(LIST)).text

    page = Page(staff.get(path))
    response = staff.post(f"{path}/restore", data=page.form(f"{path}/restore").fields)

    done = Page(staff.get(response.location))
    assert "D0 is told in the words that came with the product." in done.text
    assert read(StatusCode.code) == []

    staff.post(path, data=done.form(path).fields)
    assert read(StatusCode.code, StatusCode.meaning_en, StatusCode.advice_sk) == [
        ("D0", "phone is off", "Počkajte.")
    ]


@pytest.mark.parametrize(
    ("fields", "told"),
    [
        ({"code": ""}, "Code: Write the code."),
        ({"code": "A 1"}, "Code: A code is what the gateway reports"),
        ({"kind": ""}, "Kind: "),
        ({"kind": "success"}, "Kind: Not a valid choice."),
        ({"code": "A0"}, "Kind: By Mobiletech's rule A0 and D1 are a success"),
        ({"meaning_sk": ""}, "Meaning, in Slovak: Say what it means."),
        ({"meaning_en": "x" * 201}, "Meaning, in English: Write at most 200 characters."),
        ({"advice_en": "a\0b"}, "What to do, in English: Take out the zero character"),
    ],
)
def test_what_cannot_be_kept_is_told_beside_its_field(
    staff: FlaskClient, fields: dict[str, str], told: str
) -> None:
    page = Page(_send(staff, f"{LIST}/new", **({"code": "A12"} | WORDS | fields)))

    assert page.status == 422
    assert told in page.text
    assert "nedostatok kreditu" in page.response.text or "meaning_sk" in fields
    assert read(StatusCode.code) == []


@pytest.mark.parametrize("code", ["a%20b", "x" * 33, "%00", "é"])
def test_what_can_be_no_code_is_404(staff: FlaskClient, code: str) -> None:
    assert Page(staff.get(f"{LIST}/{code}")).status == 404


def _make_failed(code: str) -> int:
    mobiletech_id = f"failed-{next(_numbers)}"
    message_id = make_outbound(paid=True, state="accepted", mobiletech_id=mobiletech_id, is_queued=False)
    with transaction() as session:
        session.add(StatusReport(mobiletech_id=mobiletech_id, status=code))
        session.flush()
        apply_statuses(session, [message_id])
    return message_id


def _send(client: FlaskClient, path: str, **fields: str) -> TestResponse:
    return client.post(path, data=Page(client.get(path)).form().fields | fields)
