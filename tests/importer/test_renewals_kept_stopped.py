"""Renewals that break a rule come in stopped, and go on once it is mended: by the file again, or by the button."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select, text

from crm.core.db import transaction
from crm.importer.integrity.stopping import Mended, list_broken, mend
from crm.importer.models import ImportStop
from crm.payments.errors import NotActiveError
from crm.payments.stopping import get_renewal, reactivate_after_system_stop
from crm.users.audit_log import Actor, acting, list_acts_on
from tests.conftest import Clock
from tests.factories.imports import counts_of, refusals_of
from tests.factories.moments import in_days
from tests.factories.money import (
    charge,
    list_payments,
    list_renewals,
    make_inbound,
    make_type,
    renewal_states,
    set_up_sale,
    subscribe,
)
from tests.importer.checked import check_all
from tests.importer.renewal_files import (
    PAST,
    Reader,
    import_renewals,
    make_charged_reader,
)

pytestmark = pytest.mark.usefixtures("gateway")

# What is wrong with a reader's history, the rules that are broken by it, and how it is mended.
WRONG = [
    ("UPDATE mobiletech_outbound_messages SET rcv_msg_id = NULL", "R2 R3",
     "UPDATE mobiletech_outbound_messages SET rcv_msg_id = (SELECT mobiletech_id FROM mobiletech_inbound_messages)"),
    ("UPDATE mobiletech_outbound_messages SET billing = 'failed'", "R5",
     "UPDATE mobiletech_outbound_messages SET billing = 'billed'"),
    ("UPDATE payment_meta SET value = 'ZZ99' WHERE key = 'mobiletech_billkey'", "R6",
     "UPDATE payment_meta SET value = 'AA99' WHERE key = 'mobiletech_billkey'"),
    ("UPDATE billkeys SET price = 5.99, updated_at = crm_now() + interval '1 year'", "R7",
     "UPDATE billkeys SET price = 4.99"),
    ("UPDATE mobiletech_inbound_messages SET \"from\" = '+421905111222'", "R9",
     "UPDATE mobiletech_inbound_messages SET \"from\" = '+421908630549'"),
    ("UPDATE mobiletech_templates SET content = '{{ nobody }}'", "R10",
     "UPDATE mobiletech_templates SET content = 'STOP'"),
]  # fmt: skip


@pytest.fixture(autouse=True)
def _sale(clock: Clock) -> None:
    set_up_sale()
    make_type()


@pytest.fixture
def reader(_sale: None) -> Reader:
    return make_charged_reader()


def _import_again(reader: Reader) -> object:
    return counts_of(import_renewals(_line(reader)))


def _press_the_button(_reader: Reader) -> object:
    with transaction() as session:
        return mend(session)


WAYS = pytest.mark.parametrize(
    ("let_go", "stays", "goes"),
    [
        (_import_again, (0, 0, 1, 0), (0, 1, 0, 0)),
        (_press_the_button, Mended(broken=1), Mended(active=1)),
    ],
)


@pytest.mark.parametrize(("wrong", "rules", "_mending"), WRONG)
def test_what_breaks_a_rule_comes_in_stopped_and_says_why(
    reader: Reader, wrong: str, rules: str, _mending: str
) -> None:
    _do(wrong)

    dry = import_renewals(_line(reader), dry=True)
    run = import_renewals(_line(reader, note="Pozor"))

    assert (counts_of(dry), dry.stopped) == (counts_of(run), run.stopped) == ((1, 0, 0, 0), 1)
    [row] = list_renewals()
    named = ", ".join(rules.split())
    assert row.state == "system_stop"
    assert row.note == (
        f"Imported stopped, for it breaks {named}: the check of imports says what that means and how to mend it."
        "\nPozor"
    )
    with transaction() as session:
        [kept] = session.execute(select(ImportStop)).scalars()
        assert (kept.recurrent_payment_id, kept.import_id, kept.rules) == (row.id, run.id, rules.split())
        found = check_all(session)
    assert {name for name, each in found.items() if each.count} >= set(rules.split())


@WAYS
@pytest.mark.parametrize(("wrong", "_rules", "mending"), WRONG)
def test_it_goes_on_once_it_is_mended_and_no_sooner(
    reader: Reader,
    wrong: str,
    _rules: str,
    mending: str,
    let_go: Callable[[Reader], object],
    stays: object,
    goes: object,
) -> None:
    _do(wrong)
    import_renewals(_line(reader, note="Pozor"))

    assert let_go(reader) == stays
    assert renewal_states() == ["system_stop"]
    _do(mending)
    assert let_go(reader) == goes

    [row] = list_renewals()
    assert (row.state, row.note, row.updated_at) == ("active", "Pozor", row.created_at)
    assert _count_kept() == 0


def test_the_second_renewal_of_one_type_comes_in_stopped(reader: Reader) -> None:
    lines = _twice(reader)

    dry = import_renewals(*lines, dry=True, batch_rows=1)
    run = import_renewals(*lines, batch_rows=1)
    again = import_renewals(*lines)

    assert (counts_of(dry), dry.stopped) == (counts_of(run), run.stopped) == ((2, 0, 0, 0), 1)
    assert counts_of(again) == (0, 0, 2, 0)
    assert renewal_states() == ["active", "system_stop"]
    second = list_renewals()[1].id
    with transaction() as session:
        assert list_broken(session, [second]) == {second: ["R8"]}


def test_the_second_goes_on_when_the_first_was_stopped(reader: Reader) -> None:
    import_renewals(*_twice(reader))
    _do("UPDATE recurrent_payments SET state = 'user_stop', updated_at = crm_now() WHERE state = 'active'")

    assert _press_the_button(reader) == Mended(active=1)
    assert renewal_states() == ["user_stop", "active"]


def test_of_two_that_wait_for_the_same_mending_one_goes_on(reader: Reader) -> None:
    lines = _twice(reader)
    _do("UPDATE mobiletech_templates SET content = '{{ nobody }}'")
    import_renewals(*lines)
    _do("UPDATE mobiletech_templates SET content = 'STOP'")

    assert _press_the_button(reader) == Mended(active=1, broken=1)
    assert _press_the_button(reader) == Mended(broken=1)
    assert renewal_states() == ["active", "system_stop"]


def test_a_reader_whom_we_renew_gets_no_second_renewal_by_the_file(clock: Clock) -> None:
    reader = make_charged_reader()
    subscribe()

    run = import_renewals(_line(reader))

    assert (counts_of(run), run.stopped) == ((1, 0, 0, 0), 1)
    assert sorted(renewal_states()) == ["active", "system_stop"]


def test_one_whose_date_has_passed_stays_stopped_and_says_so(reader: Reader, clock: Clock) -> None:
    _do("UPDATE mobiletech_templates SET content = '{{ nobody }}'")
    charge_at = in_days(5)
    import_renewals(_line(reader, charge_at=charge_at))
    _do("UPDATE mobiletech_templates SET content = 'STOP'")
    clock.advance(timedelta(days=40))

    assert _press_the_button(reader) == Mended(past=1)

    [row] = list_renewals()
    assert row.state == "system_stop"
    assert (row.note or "").startswith("Imported stopped. It breaks no rule any more, but its date is past:")
    line = _line(reader, charge_at=charge_at)
    assert refusals_of(import_renewals(line)) == [(2, "charge_at", "due")]
    confirmed = import_renewals(line, confirm_due=True)
    assert (counts_of(confirmed), confirmed.due_count) == ((0, 1, 0, 0), 1)


def test_a_due_one_that_breaks_a_rule_is_not_charged_though_it_is_confirmed(
    reader: Reader, clock: Clock
) -> None:
    clock.advance(timedelta(days=31))
    _do("UPDATE mobiletech_outbound_messages SET billing = 'failed'")

    run = import_renewals(_line(reader, charge_at=PAST), confirm_due=True)
    charge()

    assert (run.stopped, run.due_count) == (1, 0)
    assert len(list_payments()) == 1


@WAYS
def test_what_a_person_has_moved_since_is_theirs(
    reader: Reader, let_go: Callable[[Reader], object], stays: object, goes: object
) -> None:
    _do("UPDATE mobiletech_templates SET content = '{{ nobody }}'")
    import_renewals(_line(reader))
    _do("UPDATE mobiletech_templates SET content = 'STOP'")
    _do("UPDATE recurrent_payments SET updated_at = crm_now()")

    let_go(reader)

    assert renewal_states() == ["system_stop"]


@WAYS
def test_a_reader_who_wrote_stop_meanwhile_is_not_charged_once_it_is_mended(
    reader: Reader, clock: Clock, let_go: Callable[[Reader], object], stays: object, goes: object
) -> None:
    _do("UPDATE mobiletech_templates SET content = '{{ nobody }}'")
    import_renewals(_line(reader))
    _do("UPDATE mobiletech_templates SET content = 'STOP'")
    clock.advance(timedelta(days=1))
    make_inbound(content="STOP prosim")

    let_go(reader)

    assert renewal_states() == ["user_stop"]
    assert _count_kept() == 0


def test_the_file_may_bring_what_mends_it(reader: Reader) -> None:
    _do("UPDATE subscription_types SET price = 6; UPDATE billkeys SET price = 6 WHERE code = 'AA99'")
    _do("UPDATE payments SET amount = 4.99")
    _do("INSERT INTO billkeys (code, kind, price) VALUES ('OLD', 'paid', 4.99)")
    _do("UPDATE payment_meta SET value = 'OLD' WHERE key = 'mobiletech_billkey'")
    _do("UPDATE mobiletech_outbound_messages SET billkey = 'OLD'")
    first = import_renewals(_line(reader, custom_amount=""))

    run = import_renewals(_line(reader, custom_amount="4.99"))

    assert first.stopped == 1
    assert counts_of(run) == (0, 1, 0, 0)
    assert renewal_states() == ["active"]


def test_a_change_that_breaks_a_rule_stops_what_was_planned(reader: Reader) -> None:
    import_renewals(_line(reader))

    run = import_renewals(_line(reader, custom_amount="3.33"))

    assert (counts_of(run), run.stopped) == ((0, 1, 0, 0), 1)
    assert renewal_states() == ["system_stop"]


def test_nobody_tries_it_anew_before_it_is_mended(reader: Reader) -> None:
    _do("UPDATE mobiletech_templates SET content = '{{ nobody }}'")
    import_renewals(_line(reader))
    [kept] = list_renewals()

    with pytest.raises(NotActiveError, match="An import keeps it stopped"), transaction() as session:
        row = get_renewal(session, kept.id)
        reactivate_after_system_stop(session, row, reason="now")

    assert renewal_states() == ["system_stop"]


def test_a_note_of_somebody_else_does_not_let_it_go(reader: Reader) -> None:
    _do("UPDATE mobiletech_templates SET content = '{{ nobody }}'")
    import_renewals(_line(reader))
    [kept] = list_renewals()
    _do("UPDATE recurrent_payments SET note = 'The reader called.'")

    with pytest.raises(NotActiveError, match="An import keeps it stopped"), transaction() as session:
        reactivate_after_system_stop(session, get_renewal(session, kept.id), reason="now")

    assert renewal_states() == ["system_stop"]


def test_what_only_its_date_keeps_is_tried_anew(reader: Reader, clock: Clock) -> None:
    _do("UPDATE mobiletech_templates SET content = '{{ nobody }}'")
    import_renewals(_line(reader, charge_at=f"{datetime.now(UTC) + timedelta(days=3):%Y-%m-%d %H:%M:%S}"))
    _do("UPDATE mobiletech_templates SET content = 'STOP'")
    clock.advance(timedelta(days=5))
    [kept] = list_renewals()

    assert _press_the_button(reader) == Mended(past=1)
    with transaction() as session:
        reactivate_after_system_stop(session, get_renewal(session, kept.id), reason="now")

    assert renewal_states() == ["system_stop", "active"]


def test_the_button_is_an_act(reader: Reader) -> None:
    _do("UPDATE mobiletech_templates SET content = '{{ nobody }}'")
    import_renewals(_line(reader))

    with acting(Actor(name="Eva")), transaction() as session:
        mend(session)
        [act] = list_acts_on(session, "imports")

    assert (act.action, act.after) == ("import.mend", {"active": 0, "past": 0, "broken": 1, "stopped": 0})


def _line(reader: Reader, **values: str) -> dict[str, object]:
    return reader.line(**values)


def _twice(reader: Reader) -> list[dict[str, object]]:
    """Return two renewals of one reader: the message that began the second is another one."""
    second = subscribe(number=reader.number)
    with transaction() as session:
        session.execute(text("DELETE FROM recurrent_payments"))
        symbol, cid = session.execute(
            text(
                "SELECT payment.variable_symbol, inbound.mobiletech_id FROM payments AS payment,"
                " mobiletech_inbound_messages AS inbound"
                " WHERE payment.id = :payment AND inbound.id = :inbound"
            ),
            {"payment": second.payment_id, "inbound": second.inbound_id},
        ).one()
    other = reader.line(external_id="second", cid=cid, parent_payment_variable_symbol=symbol)
    return [_line(reader), other]


def _count_kept() -> int:
    with transaction() as session:
        return len(session.execute(select(ImportStop)).scalars().all())


def _do(statement: str) -> None:
    with transaction() as session:
        session.execute(text(statement))
