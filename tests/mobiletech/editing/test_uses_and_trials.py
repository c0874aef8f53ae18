"""Who uses a template is known before it changes; a test goes where tests may go, free, and once."""

from datetime import timedelta

import pytest
from sqlalchemy import select

from crm.core.business_settings import set_setting
from crm.core.clock import db_now
from crm.core.db import transaction
from crm.core.errors import InvalidInputError
from crm.mobiletech.editing.trials import Trial, TrialNumberError, list_trial_numbers, send_trial
from crm.mobiletech.editing.uses import Uses, read_uses
from crm.mobiletech.models import OutboundMessage
from crm.mobiletech.rules.models import Rule
from crm.mobiletech.sms_templates import create_template, get_template
from crm.users.audit_log import Actor, acting
from crm.users.models import AuditEntry
from crm.users.phones import link_phone
from tests.factories.log import make_outbound
from tests.factories.messages import set_up_gateway
from tests.factories.users import make_user
from tests.stored import list_not_sent, read

pytestmark = pytest.mark.usefixtures("app")


def test_rules_settings_and_our_own_code_that_use_it_are_found() -> None:
    make("pong")
    make("one-time-code", "{{ code }}")
    with transaction() as session:
        set_setting(session, "mobiletech_test_template_code", "pong")
        pong = get_template(session, "pong").id
        session.add(Rule(position=1, match="exact", text="INFO", action="reply", template_id=pong))

    uses, code = uses_of("pong"), uses_of("one-time-code")

    assert [rule.text for rule in uses.rules] == ["INFO"]
    assert (uses.settings, uses.ours) == (["mobiletech_test_template_code"], None)
    assert (code.rules, code.settings, code.ours) == ([], [], "One-time codes are sent with it")


def test_messages_of_thirty_days_and_the_values_they_were_given_are_counted() -> None:
    template_id = make("pong")
    with transaction() as session:
        now = session.execute(select(db_now())).scalar_one()
    old = now - timedelta(days=31)
    make_outbound(mobiletech_template_id=template_id, params={"name": "Eva"}, created_at=now)
    make_outbound(mobiletech_template_id=template_id, params={"name": "Eva", "gift": "x"}, created_at=old)
    make_outbound(mobiletech_template_id=template_id, created_at=now)

    uses = uses_of("pong")

    assert (uses.messages, uses.latest, uses.given) == (2, 2, {"name": 2, "gift": 1})


def test_a_template_that_nobody_uses_has_no_uses() -> None:
    make("pong")

    uses = uses_of("pong")

    assert (uses.rules, uses.settings, uses.messages, uses.latest, uses.given) == ([], [], 0, 0, {})


def test_a_test_goes_to_the_own_number_and_to_those_of_the_setting() -> None:
    editor = make_user(role="editor")
    with transaction() as session:
        link_phone(session, "0905111222", editor)
        set_setting(session, "mobiletech_test_numbers", "+421 908 630 549, 0905 111 222,")

    with transaction() as session:
        assert list_trial_numbers(session, editor) == ["0905111222", "0908630549"]
        assert list_trial_numbers(session, None) == ["0908630549", "0905111222"]


@pytest.mark.parametrize("value", ["0908", "0908630549;0905111222", "+420 608 123 456", "x"])
def test_a_number_that_is_none_cannot_be_set(value: str) -> None:
    with pytest.raises(InvalidInputError, match="Slovak mobile numbers"), transaction() as session:
        set_setting(session, "mobiletech_test_numbers", value)


def test_a_saved_text_is_sent_with_its_version_on_the_free_key() -> None:
    allow()
    make("pong", "Prijali sme: {{ original_message }}", "We got: {{ original_message }}")

    with acting(Actor(name="Elena")), transaction() as session:
        sent = send_trial(session, trial(language="en", values={"original_message": "INFO"}), user_id=None)
        sent_id = sent.id

    assert read(
        OutboundMessage.content,
        OutboundMessage.purpose,
        OutboundMessage.paid,
        OutboundMessage.billkey,
        OutboundMessage.template_version,
        OutboundMessage.language,
        OutboundMessage.to,
    ) == [("We got: INFO", "test", False, "AZ19", 1, "en", "+421908630549")]
    assert read(AuditEntry.action, AuditEntry.subject, AuditEntry.after) == [
        ("template.test", "template pong", {"message": sent_id, "language": "en"})
    ]


def test_a_text_that_is_not_saved_yet_names_no_version() -> None:
    allow()
    make("pong")

    with transaction() as session:
        send_trial(session, trial(content="Ešte neuložené"), user_id=None)

    assert read(OutboundMessage.content, OutboundMessage.mobiletech_template_id) == [("Este neulozené", None)]


def test_pressing_twice_sends_once() -> None:
    allow()
    make("pong")

    with transaction() as session:
        first = send_trial(session, trial(), user_id=None).id
    with transaction() as session:
        second = send_trial(session, trial(), user_id=None).id

    assert first == second
    assert len(read(OutboundMessage.id)) == 1


@pytest.mark.parametrize(
    "other", [{"number": "0905 111 222"}, {"content": "Inak"}, {"values": {"original_message": "Iná"}}]
)
def test_another_number_or_text_from_the_same_page_is_another_test(other: dict[str, object]) -> None:
    set_up_gateway(mobiletech_test_numbers="0908 630 549, 0905 111 222")
    make("pong", "Mame {{ original_message }}")
    one = {"values": {"original_message": "INFO"}}

    with transaction() as session:
        send_trial(session, trial(**one), user_id=None)
        send_trial(session, trial(**(one | other)), user_id=None)

    assert len(read(OutboundMessage.id)) == 2


@pytest.mark.parametrize("number", ["0905111222", "", "+421908630548", "112"])
def test_a_number_that_nobody_allowed_gets_nothing(number: str) -> None:
    allow()
    make("pong")

    with pytest.raises(TrialNumberError), transaction() as session:
        send_trial(session, trial(number=number), user_id=None)

    assert read(OutboundMessage.id) == []


def test_a_test_that_cannot_be_made_is_a_stored_reason() -> None:
    allow()
    make("pong", "{{ original_message }}")

    with transaction() as session:
        send_trial(session, trial(), user_id=None)

    assert [each.reason for each in list_not_sent()] == ["missing_parameter"]


def allow() -> None:
    set_up_gateway(mobiletech_test_numbers="0908 630 549")


def make(code: str, content: str = "Pong", content_en: str | None = None) -> int:
    with transaction() as session:
        return create_template(session, code, content, content_en=content_en).id


def uses_of(code: str) -> Uses:
    with transaction() as session:
        return read_uses(session, get_template(session, code))


def trial(**overrides: object) -> Trial:
    values = {"code": "pong", "language": "sk", "number": "0908 630 549", "key": "page-1", "values": {}}
    return Trial(**(values | overrides))  # type: ignore[arg-type]
