"""What a billing key allows: by its days, its operators and its short number, for free and paid ones alike."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import event, select

from crm.core.clock import db_now
from crm.core.db import db, transaction
from crm.core.errors import InvalidInputError
from crm.mobiletech.catalogue.key_rules import find_free_trouble
from crm.mobiletech.composing import is_paid
from crm.mobiletech.models import InboundMessage, OutboundMessage
from crm.mobiletech.notifications import notify_many
from crm.mobiletech.operator_change import send_once_more
from crm.mobiletech.wishes import Envelope, Reason, Wish
from crm.users.setting_changes import change_setting
from tests.conftest import Clock
from tests.factories.catalogue import make_billkey
from tests.factories.messages import set_up_gateway
from tests.factories.outbound import make_outbound
from tests.stored import list_not_sent, list_outbound, read

pytestmark = pytest.mark.usefixtures("gateway_set_up")

HOUR = timedelta(hours=1)


@pytest.mark.parametrize(
    ("limits", "reason"),
    [
        ({}, None),
        ({"operators": ("O", "S")}, None),
        ({"operators": ("T", "2")}, Reason.BILLKEY_OTHER_OPERATOR),
        ({"short_number": "8877"}, None),
        ({"short_number": "8866"}, Reason.BILLKEY_OTHER_NUMBER),
        ({"valid_from": -HOUR, "valid_until": HOUR}, None),
        ({"valid_from": HOUR}, Reason.BILLKEY_NOT_VALID),
        ({"valid_until": -HOUR}, Reason.BILLKEY_NOT_VALID),
        ({"valid_until": timedelta(0)}, Reason.BILLKEY_NOT_VALID),
        ({"valid_from": timedelta(0)}, None),
    ],
    ids=str,
)
@pytest.mark.parametrize("kind", ["free", "paid"])
def test_a_key_is_used_only_where_and_when_it_is_valid(
    kind: str, limits: dict[str, Any], reason: Reason | None
) -> None:
    """To a number of Orange, from 8877."""
    frozen = now()
    moments = {name: frozen + limit for name, limit in limits.items() if isinstance(limit, timedelta)}
    make_billkey("KEY", kind=kind, **{**limits, **moments})

    tell_frozen("KEY", payment_id=7 if kind == "paid" else None, at=frozen)

    assert [row.reason for row in list_not_sent()] == ([] if reason is None else [reason])
    assert len(list_outbound()) == (reason is None)


def test_a_key_begins_and_ends_by_the_clock(clock: Clock) -> None:
    make_billkey("KEY", kind="free", valid_from=now() + HOUR, valid_until=now() + 3 * HOUR)

    for _ in range(4):
        tell("KEY")
        clock.advance(HOUR + timedelta(minutes=5))

    assert [row.detail for row in list_not_sent()] == [
        "The billing key KEY is not valid yet: use another, or change its first day.",
        "The billing key KEY is valid no more: use another, or change its last day.",
    ]
    assert len(list_outbound()) == 2


@pytest.mark.parametrize(
    ("listed", "code", "paid"),
    [
        (None, "AZ19", False),  # the setting names it
        (None, "KEY", True),
        ("free", "KEY", False),
        ("paid", "KEY", True),
        ("paid", "AZ19", False),  # the ruling; the doctor and the page are loud about it
    ],
)
def test_a_key_is_paid_unless_it_is_known_as_free(listed: str | None, code: str, paid: bool) -> None:
    if listed:
        make_billkey(code, kind=listed)

    tell(code, payment_id=7)

    assert [message.paid for message in list_outbound()] == [paid]
    with transaction() as session:
        assert is_paid(session, code) is paid


def test_a_batch_reads_the_keys_once() -> None:
    make_billkey("KEY", kind="free")
    statements: list[str] = []
    event.listen(db.engine, "before_cursor_execute", lambda *args: statements.append(args[2]))
    wishes = [
        Wish(Envelope(to="+421908630549", billkey=code), None, None, content="Ahoj")
        for code in 20 * ["KEY", ""]
    ]

    with transaction() as session:
        notify_many(session, wishes)

    assert len([each for each in statements if "FROM billkeys" in each]) == 1
    assert len([each for each in statements if "FROM operator_prefixes" in each]) == 1
    assert len(list_outbound()) == 40


def test_a_ported_number_does_not_get_a_key_of_its_old_operator(app: Flask) -> None:
    make_billkey("KEY", kind="free", operators=("O",))
    message_id = make_outbound(
        billkey="KEY", state="accepted", mobiletech_id="mt-1", status="_OPERATOR_CHANGE", is_queued=False
    )
    make_newer_inbound(operator="T")

    with transaction() as session:
        send_once_more(session, [message_id])

    assert read(OutboundMessage.id, OutboundMessage.state, OutboundMessage.state_reason)[1:] == [
        (2, "held", "The billing key KEY is not for Telekom: use another, or add the operator to it.")
    ]


def test_the_free_setting_does_not_take_a_paid_key() -> None:
    make_billkey("AA99")

    with (
        pytest.raises(InvalidInputError, match="must not name AA99, which is a paid key"),
        transaction() as session,
    ):
        change_setting(session, "mobiletech_billkey_free", "AA99")


@pytest.mark.parametrize("value", ["AZ19", "AZ20", "unheard-of", ""])
def test_the_free_setting_takes_a_free_or_unknown_key(value: str) -> None:
    make_billkey("AZ20", kind="free")

    with transaction() as session:
        change_setting(session, "mobiletech_billkey_free", value)


@pytest.mark.parametrize(
    ("listed", "told"),
    [
        (None, None),
        ({"kind": "free"}, None),
        ({"kind": "paid"}, "is a paid key: every message"),
        (
            {"kind": "free", "valid_until": datetime(2026, 1, 1, tzinfo=UTC)},
            "is not valid now: no free message",
        ),
        (
            {"kind": "free", "short_number": "8866"},
            "is for 8866 only, and messages that answer nothing go from 8877",
        ),
    ],
)
def test_trouble_with_the_free_key_is_found(listed: dict[str, Any] | None, told: str | None) -> None:
    if listed:
        make_billkey("AZ19", **listed)

    with transaction() as session:
        trouble = find_free_trouble(session)

    assert (trouble is None) if told is None else (told in str(trouble))


def tell(code: str, *, payment_id: int | None = None) -> None:
    wish = Wish(Envelope(to="+421908630549", billkey=code), None, None, content="Ahoj", payment_id=payment_id)
    with transaction() as session:
        notify_many(session, [wish])


def tell_frozen(code: str, *, payment_id: int | None, at: datetime) -> None:
    """Tell at exactly that moment: the database's clock is set back to it within the transaction."""
    wish = Wish(Envelope(to="+421908630549", billkey=code), None, None, content="Ahoj", payment_id=payment_id)
    with transaction() as session:
        passed = session.execute(select(db_now())).scalar_one() - at
        session.execute(
            select(db.func.set_config("crm.clock_offset", f"{-passed.total_seconds():.6f} seconds", True))
        )
        notify_many(session, [wish])


def now() -> datetime:
    with transaction() as session:
        moment: datetime = session.execute(select(db_now())).scalar_one()
        return moment


def make_newer_inbound(*, operator: str) -> None:
    values = dict.fromkeys(("project_id", "content_coding", "dcs", "esm", "receive_date_raw"), "")
    with transaction() as session:
        session.add(
            InboundMessage(
                **values,
                mobiletech_id="in-1",
                serv_id="1703",
                from_="+421908630549",
                to="8877",
                content="Ahoj",
                operator_type=operator,
                receive_date=now_in(session),
            )
        )


def now_in(session: Any) -> datetime:
    moment: datetime = session.execute(select(db_now())).scalar_one()
    return moment


@pytest.fixture
def gateway_set_up(app: Flask) -> None:
    """Set what is needed to send from 8877 on AZ19."""
    set_up_gateway()
