"""What codes mean in words: those that we bring, those that staff wrote; the money never changes by them."""

from dataclasses import replace

import pytest
from flask import Flask
from flask.testing import FlaskClient

from crm.core.db import transaction
from crm.mobiletech.catalogue.errors import InvalidEntryError
from crm.mobiletech.catalogue.models import StatusCode
from crm.mobiletech.catalogue.status_codes import (
    CLASSES,
    KNOWN_CODES,
    CodeDetails,
    ReasonClass,
    default_of,
    describe_code,
    key_of,
    list_seen,
    read_dictionary,
    restore_code,
)
from crm.mobiletech.status_reports import apply_statuses
from crm.users.audit_log import Actor, acting
from crm.users.models import AuditEntry
from tests.factories.messages import WEBHOOK, make_status
from tests.factories.outbound import make_outbound
from tests.stored import list_outbound, read

NO_CREDIT = CodeDetails(reason="no_credit", meaning_sk="nedostatok kreditu", meaning_en="no credit")


@pytest.mark.parametrize(
    ("code", "operator", "reason", "word"),
    [
        ("A0", "O", ReasonClass.SUCCESS, "billed"),
        ("D1", "O", ReasonClass.SUCCESS, "delivered"),
        ("D0", "2", ReasonClass.SUCCESS, "delivered"),
        ("D0", "O", ReasonClass.TECHNICAL, "not delivered"),
        ("A12", "O", ReasonClass.TECHNICAL, "billing refused"),
        ("A1024", "O", ReasonClass.TECHNICAL, "not delivered"),
        ("D7", "O", ReasonClass.TECHNICAL, "delivery failed"),
        ("_OPERATOR_CHANGE", "O", ReasonClass.PORTED, "the number is with another operator"),
        ("E5", "O", ReasonClass.TECHNICAL, "a code that we do not know"),
    ],
)
def test_a_code_without_words_of_its_own_is_told_by_its_form(
    code: str, operator: str, reason: ReasonClass, word: str
) -> None:
    default = default_of(code, operator)

    assert (default.reason, default.word.word) == (reason, word)
    assert bool(default.advice) is (reason is not ReasonClass.SUCCESS)


@pytest.mark.parametrize(
    ("code", "operator", "key"),
    [
        ("A12", None, "A12"),
        ("A00012", None, "A12"),
        ("D01", None, "D1"),
        ("D0", "2", "D1"),
        ("D0", "O", "D0"),
        ("D0", None, "D0"),
        ("A00000", None, "A0"),
        ("_OPERATOR_CHANGE", None, "_OPERATOR_CHANGE"),
        ("a12", None, "a12"),
    ],
)
def test_spellings_of_a_code_are_described_as_one(code: str, operator: str | None, key: str) -> None:
    assert key_of(code, operator) == key


def test_every_class_has_words_and_every_known_code_stands_for_itself() -> None:
    assert set(CLASSES) == set(ReasonClass)
    assert [key_of(code) for code in KNOWN_CODES] == list(KNOWN_CODES)


def test_codes_of_reports_are_counted_with_those_of_unknown_messages(client: FlaskClient) -> None:
    for number, code in enumerate(["D1", "A12", "D01", "D1", "A012", "E5"]):
        client.post(WEBHOOK, data=make_status(f"mt-{number}", code))

    with transaction() as session:
        seen = list_seen(session)

    assert [(each.code, each.times) for each in seen] == [("D1", 3), ("A12", 2), ("E5", 1)]


def test_a_description_is_kept_and_its_changes_stand_in_the_audit_log(app: Flask) -> None:
    assert describe("A012", NO_CREDIT)
    assert not describe("A12", NO_CREDIT)
    assert describe("A12", replace(NO_CREDIT, advice_en="Wait."))
    with acting(Actor(name="Eva")), transaction() as session:
        assert read_dictionary(session)["A12"].meaning_sk == "nedostatok kreditu"
        assert restore_code(session, "A12")
        assert not restore_code(session, "A12")

    assert read(StatusCode.code) == []
    assert read(AuditEntry.action, AuditEntry.subject, order=AuditEntry.id) == [
        ("status_code.describe", "status_code A12"),
        ("status_code.describe", "status_code A12"),
        ("status_code.restore", "status_code A12"),
    ]


@pytest.mark.parametrize(
    ("code", "details", "field"),
    [
        ("", NO_CREDIT, "code"),
        ("A 12", NO_CREDIT, "code"),
        ("x" * 33, NO_CREDIT, "code"),
        ("A12", replace(NO_CREDIT, reason="weather"), "kind"),
        ("A12", replace(NO_CREDIT, reason="success"), "kind"),
        ("D0", replace(NO_CREDIT, reason="success"), "kind"),
        ("A0", NO_CREDIT, "kind"),
        ("D1", replace(NO_CREDIT, reason="technical"), "kind"),
        ("A12", replace(NO_CREDIT, meaning_sk=" "), "meaning_sk"),
        ("A12", replace(NO_CREDIT, meaning_en=""), "meaning_en"),
        ("A12", replace(NO_CREDIT, advice_en="x" * 201), "advice_en"),
        ("A12", replace(NO_CREDIT, advice_sk="\0"), "advice_sk"),
    ],
)
def test_what_cannot_be_said_of_a_code_is_refused_at_its_field(
    app: Flask, code: str, details: CodeDetails, field: str
) -> None:
    with pytest.raises(InvalidEntryError) as refused:
        describe(code, details)

    assert refused.value.field == field
    assert read(StatusCode.code) == []


def test_words_change_nothing_about_the_money(client: FlaskClient) -> None:
    message_id = make_outbound(paid=True, state="accepted", mobiletech_id="mt-1", is_queued=False)
    describe("A12", replace(NO_CREDIT, reason="ported"))
    client.post(WEBHOOK, data=make_status("mt-1", "A12"))

    with transaction() as session:
        apply_statuses(session, [message_id])

    [message] = list_outbound()
    assert (message.billing, message.status) == ("failed", "A12")


def describe(code: str, details: CodeDetails) -> bool:
    with acting(Actor(name="Eva")), transaction() as session:
        return describe_code(session, code, details)
