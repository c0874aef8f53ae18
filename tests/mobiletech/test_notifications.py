"""From a wish to an SMS that can be sent, or to a reason why not: never neither, never in silence."""

from datetime import timedelta
from decimal import Decimal

import pytest
from flask import current_app
from sqlalchemy import select, update

from crm.core.clock import db_now
from crm.core.db import transaction
from crm.events.models import OutboxEntry
from crm.mobiletech.models import InboundMessage, NotSent, OutboundMessage, SmsTemplate
from crm.mobiletech.notifications import notify, notify_many
from crm.mobiletech.outbound import OutboundPurpose
from crm.mobiletech.sms_templates import create_template, save_template
from crm.mobiletech.wishes import Envelope, Reason, Wish
from crm.users.accounts import create_user
from tests.conftest import Clock
from tests.factories.messages import WEBHOOK, make_receive, set_up_gateway
from tests.fakes import FakeGateway
from tests.logs import list_facts
from tests.outbox import run_all
from tests.stored import list_not_sent, list_outbound, read

pytestmark = pytest.mark.usefixtures("app")

NOTHING = {"mobiletech_billkey_free": "", "mobiletech_serv_id": "", "mobiletech_short_number": ""}
ANSWER = {
    "id": "25481979",
    "from_": "+421908630549",
    "to": "8866",
    "serv_id": "1999",
    "project_id": "76",
    "operator_type": "T",
}


def test_a_persons_own_words_need_no_template() -> None:
    set_up_gateway()

    with transaction() as session:
        wish = Wish(Envelope(to="+421908630549"), None, None, content="Ozveme sa vám zajtra.")
        notify_many(session, [wish])

    assert read(OutboundMessage.content, OutboundMessage.mobiletech_template_id, OutboundMessage.params) == [
        ("Ozveme sa vam zajtra.", None, None)
    ]


def test_the_values_that_a_text_was_made_of_are_kept_unless_it_is_secret() -> None:
    set_up_gateway()

    with transaction() as session:
        create_template(session, "price", "{{ price }} {{ name }}")
        values = {"price": Decimal("4.90"), "name": "Eva"}
        for is_secret in (False, True):
            wish = Wish(Envelope(to="+421908630549"), None, "price", values, is_secret=is_secret)
            notify_many(session, [wish])

    assert read(OutboundMessage.id, OutboundMessage.params) == [
        (1, {"price": "4.90", "name": "Eva"}),
        (2, None),
    ]


def test_an_answer_takes_everything_from_the_message_it_answers() -> None:
    wish_well()

    [message] = list_outbound_of(answer_to())

    assert (message.to, message.from_, message.serv_id, message.project_id) == (
        "+421908630549",
        "8866",
        "1999",
        "76",
    )
    assert (message.rcv_msg_id, message.billkey, message.operator_type) == ("25481979", "AZ19", "T")
    assert (message.expiration, message.state, message.purpose, message.paid) == (
        100,
        "queued",
        "service",
        False,
    )
    assert (message.mobiletech_id, message.status, message.payment_id, message.billing) == (
        None,
        None,
        None,
        "none",
    )


def test_a_push_takes_everything_from_the_settings_and_the_user() -> None:
    wish_well()
    user_id = make_reader("0908 630 549")

    [message] = list_outbound_of(tell(Envelope(), user_id))

    assert (message.to, message.from_, message.serv_id, message.project_id) == (
        "+421908630549",
        "8877",
        "1703",
        None,
    )
    assert (message.rcv_msg_id, message.billkey, message.operator_type) == (None, "AZ19", "O")
    assert (message.expiration, message.user_id) == (600, user_id)


def test_what_is_given_goes_before_the_inbound_and_the_settings() -> None:
    wish_well()
    make_inbound()
    given = {"serv_id": "1", "from_": "8811", "to": "0940 123 456", "billkey": "AZ19"}

    [message] = list_outbound_of(answer_to(**given))

    assert (message.serv_id, message.from_, message.to) == ("1", "8811", "+421940123456")
    assert (message.rcv_msg_id, message.operator_type) == ("25481979", "2")


def test_an_empty_text_counts_as_not_given() -> None:
    wish_well()

    [message] = list_outbound_of(answer_to(serv_id="", from_="", to="", billkey=""))

    assert (message.serv_id, message.from_, message.to, message.billkey) == (
        "1999",
        "8866",
        "+421908630549",
        "AZ19",
    )


def test_what_the_inbound_lacks_comes_from_the_settings() -> None:
    wish_well()

    [message] = list_outbound_of(answer_to(inbound={"serv_id": "", "to": "", "project_id": ""}))

    assert (message.serv_id, message.from_, message.project_id) == ("1703", "8877", None)


def test_a_fresh_system_can_send_its_first_push() -> None:
    """The original looked for an earlier message and said nothing when there was none (B47)."""
    wish_well()

    tell(Envelope(to="+421908630549"), None)

    assert [message.state for message in list_outbound()] == ["queued"]
    assert list_not_sent() == []


REFUSALS: list[tuple[Reason, dict[str, object]]] = [
    (Reason.NO_TEMPLATE, {"code": "no-such"}),
    (Reason.NO_RECIPIENT, {"envelope": Envelope()}),
    (Reason.BAD_RECIPIENT, {"envelope": Envelope(to="+420908123456")}),
    (Reason.BAD_RECIPIENT, {"envelope": Envelope(to="8877")}),
    (Reason.NO_BILLKEY, {"settings": {"mobiletech_billkey_free": ""}}),
    (Reason.PAID_WITHOUT_PAYMENT, {"envelope": Envelope(to="+421908630549", billkey="AA99")}),
    (Reason.NO_SERV_ID, {"settings": {"mobiletech_serv_id": ""}}),
    (Reason.NO_SENDER, {"settings": {"mobiletech_short_number": ""}}),
    (Reason.UNKNOWN_OPERATOR, {"envelope": Envelope(to="+421959123456")}),
    (Reason.MISSING_PARAMETER, {"content": "Ahoj {{ name }}"}),
    (Reason.BROKEN_TEMPLATE, {"stored": "{% for x in y %}{% endfor %}"}),
    (Reason.EMPTY_TEXT, {"content": "{% if name ?? false %}Ahoj{% endif %}"}),
    (Reason.EMPTY_TEXT, {"content": "{{ name }}", "params": {"name": " \u200b\n"}}),
    (Reason.TOO_LONG_FOR_PAID, {"content": "{{ name }}", "params": {"name": "x" * 161}, "payment_id": 7}),
    (Reason.TOO_LONG_FOR_PAID, {"content": "{{ name }}", "params": {"name": "ж" * 71}, "payment_id": 7}),
]


@pytest.mark.parametrize(
    ("reason", "case"), REFUSALS, ids=[f"{reason}-{number}" for number, (reason, _) in enumerate(REFUSALS)]
)
def test_what_cannot_be_sent_is_stored_with_its_reason(
    reason: Reason, case: dict[str, object], caplog: pytest.LogCaptureFixture
) -> None:
    set_up_gateway(**case.get("settings", {}))  # type: ignore[arg-type]
    make_template(str(case.get("content", "Ahoj")), stored=case.get("stored"))
    paid = "AA99" if "payment_id" in case else None
    envelope = case.get("envelope", Envelope(to="+421908630549", billkey=paid))

    result = tell(
        envelope,
        None,
        str(case.get("code", "welcome")),
        params=case.get("params"),
        payment_id=case.get("payment_id"),
    )

    assert isinstance(result, NotSent)
    [row] = list_not_sent()
    assert row.reason == reason
    assert len(row.detail) > 10
    assert row.template_code == case.get("code", "welcome")
    assert list_outbound() == []
    assert read(OutboxEntry.id) == []
    assert [fact["reason"] for fact in list_facts(caplog) if fact["event"] == "not_sent"] == [reason]


def test_a_refusal_names_the_message_it_would_have_answered() -> None:
    set_up_gateway()
    user_id = make_reader("0908 630 549")
    inbound_id = make_inbound()

    with transaction() as session:
        inbound = session.get_one(InboundMessage, inbound_id)
        notify(Envelope(inbound, billkey="AA99"), user_id, "no-such", context="rule:7", session=session)

    [row] = list_not_sent()
    assert (row.inbound_message_id, row.user_id, row.to, row.billkey, row.context) == (
        inbound_id,
        user_id,
        "+421908630549",
        "AA99",
        "rule:7",
    )


def test_a_user_without_a_number_is_told_apart_from_nobody() -> None:
    wish_well()
    with transaction() as session:
        user = create_user(session, email="eva@example.sk")
        session.flush()
        user_id = user.id

    tell(Envelope(), user_id)

    assert [(row.reason, row.user_id) for row in list_not_sent()] == [(Reason.NO_RECIPIENT, user_id)]


# --- money


def test_a_paid_key_with_a_payment_makes_a_paid_message() -> None:
    wish_well()

    [message] = list_outbound_of(tell(Envelope(to="+421908630549", billkey="AA99"), None, payment_id=7))

    assert (message.paid, message.purpose, message.payment_id) == (True, "paid", 7)


def test_a_paid_key_without_a_payment_is_only_for_tests() -> None:
    wish_well()

    [message] = list_outbound_of(
        tell(Envelope(to="+421908630549", billkey="AA99"), None, purpose=OutboundPurpose.TEST)
    )

    assert (message.paid, message.purpose, message.payment_id) == (True, "test", None)


@pytest.mark.parametrize("purpose", [OutboundPurpose.SERVICE, OutboundPurpose.PAID])
def test_no_other_purpose_excuses_a_missing_payment(purpose: OutboundPurpose) -> None:
    wish_well()

    tell(Envelope(to="+421908630549", billkey="AA99"), None, purpose=purpose)

    assert [row.reason for row in list_not_sent()] == [Reason.PAID_WITHOUT_PAYMENT]


@pytest.mark.parametrize("billkey", ["AA99", "az19", "AZ19 ", "unknown"])
def test_every_key_is_paid_that_is_not_known_as_free(billkey: str) -> None:
    wish_well()

    tell(Envelope(to="+421908630549", billkey=billkey), None)

    assert [row.reason for row in list_not_sent()] == [Reason.PAID_WITHOUT_PAYMENT]


def test_without_a_free_key_every_key_is_paid() -> None:
    set_up_gateway(mobiletech_billkey_free="")
    make_template("Ahoj")

    tell(Envelope(to="+421908630549", billkey="AZ19"), None)

    assert [row.reason for row in list_not_sent()] == [Reason.PAID_WITHOUT_PAYMENT]


@pytest.mark.parametrize(("billkey", "is_made"), [("AA99", False), ("AZ19", True)], ids=["paid", "free"])
def test_an_operators_repeat_gets_no_second_paid_answer(billkey: str, is_made: bool) -> None:
    wish_well()
    original, repeat = make_inbound(id="1"), make_inbound(id="2")
    with transaction() as session:
        session.execute(
            update(InboundMessage).where(InboundMessage.id == repeat).values(duplicate_of=original)
        )
        notify(
            Envelope(session.get_one(InboundMessage, repeat), billkey=billkey),
            None,
            "welcome",
            payment_id=7,
            session=session,
        )

    assert len(list_outbound()) == is_made
    assert [row.reason for row in list_not_sent()] == ([] if is_made else [Reason.DUPLICATE])


@pytest.mark.parametrize(
    ("text", "parts", "encoding"),
    [
        ("x" * 160, 1, "gsm7"),
        ("x" * 161, 2, "gsm7"),
        ("ж" * 70, 1, "ucs2"),
        ("ж" * 71, 2, "ucs2"),
        ("€" * 80, 1, "gsm7"),
        ("€" * 81, 2, "gsm7"),
    ],
)
def test_a_free_message_may_take_several_parts(text: str, parts: int, encoding: str) -> None:
    set_up_gateway()
    make_template("{{ text }}")

    [message] = list_outbound_of(tell(Envelope(to="+421908630549"), None, params={"text": text}))

    assert (message.parts, message.encoding, message.content_length, message.content) == (
        parts,
        encoding,
        len(text),
        text,
    )


# --- text


def test_the_text_is_folded_and_stored_as_it_will_be_sent(gateway: FakeGateway) -> None:
    set_up_gateway()
    make_template("Ďakujeme, {{ name }} – „ahoj“ & <b>dovi</b>")

    [message] = list_outbound_of(
        tell(Envelope(to="+421908630549"), None, params={"name": "Žofia\u00a0Kováčová"})
    )
    run_all()

    assert message.content == 'Dakujeme, Zofia Kovacova - "ahoj" & <b>dovi</b>'
    assert (message.encoding, message.content_length) == ("gsm7", len(message.content))
    assert [sent.content for sent in gateway.sent] == [message.content]


def test_a_message_keeps_the_version_that_it_was_made_from() -> None:
    wish_well()
    [first] = list_outbound_of(tell(Envelope(to="+421908630549"), None))
    with transaction() as session:
        save_template(session, "welcome", "Vitajte")

    tell(Envelope(to="+421908630549"), None)

    assert [(message.template_version, message.content) for message in list_outbound()] == [
        (1, "Ahoj"),
        (2, "Vitajte"),
    ]
    assert first.mobiletech_template_id == list_outbound()[1].mobiletech_template_id


# --- once


def test_the_key_makes_one_message_however_often_it_is_wished_for() -> None:
    wish_well()

    ids = {tell(Envelope(to="+421908630549"), None, key="welcome:7").id for _ in range(3)}

    assert len(ids) == 1
    assert len(list_outbound()) == 1
    assert len(read(OutboxEntry.id)) == 1


def test_the_same_key_twice_in_one_call_makes_one_message() -> None:
    wish_well()
    wish = Wish(Envelope(to="+421908630549"), None, "welcome", key="welcome:7")

    with transaction() as session:
        first, second = notify_many(session, [wish, wish])
        assert first is second

    assert len(list_outbound()) == 1


def test_many_wishes_get_their_results_in_order() -> None:
    wish_well()
    wished = [
        ("+421908630549", "welcome"),
        ("8877", "welcome"),
        ("+421908630540", "no"),
        ("+421908630541", "welcome"),
    ]
    wishes = [Wish(Envelope(to=to), None, code) for to, code in wished]

    with transaction() as session:
        made = notify_many(session, wishes)
        results = [result.to if isinstance(result, OutboundMessage) else result.reason for result in made]

    assert results == ["+421908630549", Reason.BAD_RECIPIENT, Reason.NO_TEMPLATE, "+421908630541"]


def test_wish_and_work_are_one_transaction() -> None:
    wish_well()

    with pytest.raises(ZeroDivisionError), transaction() as session:
        notify(Envelope(to="+421908630549"), None, "welcome", session=session)
        raise ZeroDivisionError

    assert list_outbound() == []
    assert read(OutboxEntry.id) == []


def test_the_work_to_send_it_waits_in_the_lane_of_its_number() -> None:
    wish_well()

    [message] = list_outbound_of(tell(Envelope(to="00421 908 630 549"), None))

    assert read(OutboxEntry.event, OutboxEntry.payload, OutboxEntry.lane) == [
        ("mobiletech-send", {"mobiletech_outbound_message_id": message.id}, "0908630549")
    ]


@pytest.mark.parametrize("delay", [timedelta(hours=1), timedelta(days=2)], ids=["an hour", "two days"])
def test_a_message_for_later_is_sent_then_and_not_before(
    gateway: FakeGateway, clock: Clock, delay: timedelta
) -> None:
    wish_well()
    with transaction() as session:
        later = session.execute(select(db_now())).scalar_one() + delay
        notify(Envelope(to="+421908630549"), None, "welcome", available_at=later, session=session)

    clock.advance(delay - timedelta(minutes=1))
    run_all()
    before = len(gateway.sent)
    clock.advance(timedelta(minutes=2))
    run_all()

    assert (before, len(gateway.sent)) == (0, 1)
    assert [message.state for message in list_outbound()] == ["accepted"]


def wish_well() -> None:
    """Set everything that a message needs."""
    set_up_gateway()
    make_template("Ahoj")


def make_template(content: str, *, stored: object = None) -> None:
    with transaction() as session:
        template = create_template(session, "welcome", content)
        if stored is not None:  # as an import or another release may have left it
            session.flush()
            session.execute(update(SmsTemplate).where(SmsTemplate.id == template.id).values(content=stored))


def make_reader(phone: str) -> int:
    with transaction() as session:
        user = create_user(session, phone=phone)
        session.flush()
        return user.id


def make_inbound(**fields: str) -> int:
    current_app.test_client().post(WEBHOOK, data=make_receive(**(ANSWER | fields)))
    newest = read(InboundMessage.id)[-1][0]
    return int(newest)


def answer_to(inbound: dict[str, str] | None = None, **given: str) -> OutboundMessage | NotSent:
    """Answer an SMS from a reader."""
    known = read(InboundMessage.id)
    inbound_id = known[0][0] if known else make_inbound(**(inbound or {}))
    with transaction() as session:
        message = session.get_one(InboundMessage, inbound_id)
        result = notify(Envelope(message, **given), None, "welcome", session=session)
        session.flush()
    return result


def tell(
    envelope: object, user: int | None, code: str = "welcome", **options: object
) -> OutboundMessage | NotSent:
    """Wish for one message."""
    with transaction() as session:
        result = notify(envelope, user, code, options.pop("params", None), session=session, **options)  # type: ignore[arg-type]
        session.flush()
        session.refresh(result)
        session.expunge(result)
        return result


def list_outbound_of(result: OutboundMessage | NotSent) -> list[OutboundMessage]:
    """Return our messages, of which the result must be one."""
    assert isinstance(result, OutboundMessage), getattr(result, "detail", "")
    return list(list_outbound())
