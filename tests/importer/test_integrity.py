"""The rules R1 to R12: they hold for what we do ourselves, and each finds what breaks it."""

from collections.abc import Mapping

import pytest
from sqlalchemy import text

from crm.core.db import transaction
from crm.importer.integrity.checking import SHOWN, Found, read_checks, run_rule
from crm.importer.integrity.rules import RULES
from tests.conftest import Clock
from tests.factories.money import MONTH, buy, charge, make_type, report, set_up_sale, subscribe
from tests.importer.checked import check_all

pytestmark = pytest.mark.usefixtures("gateway")

NUMBERS = ("908630549", "908111222")  # of the readers below, however they are written
BOTH = [("recurrent_payment", 1), ("recurrent_payment", 2)]
# What is done to a reader who bought once and was renewed once, and what then breaks which rule. Foreign keys do not
# look: some of this the database forbids, and the rule is there to say so.
BREACHES = [
    ("R1", "UPDATE recurrent_payments SET cid = 'mo-none' WHERE id = 2", [("recurrent_payment", 2)]),
    ("R2", "UPDATE mobiletech_outbound_messages SET rcv_msg_id = NULL", BOTH),
    ("R2", "UPDATE mobiletech_outbound_messages SET user_id = 999", BOTH),
    ("R3", "UPDATE mobiletech_outbound_messages SET payment_id = NULL WHERE id = 1", BOTH),
    ("R3", "UPDATE mobiletech_outbound_messages SET user_id = 999 WHERE id = 1", BOTH),
    ("R4", "UPDATE payments SET user_id = 999 WHERE id = 2", [("recurrent_payment", 2)]),
    ("R4", "UPDATE payment_methods SET user_id = 999", BOTH),
    ("R5", "UPDATE mobiletech_outbound_messages SET billing = 'none' WHERE id = 1", [("payment", 1)]),
    ("R5", "UPDATE mobiletech_outbound_messages SET payment_id = 2, resent_as = 2 WHERE id = 1",
     [("payment", 1), ("payment", 2)]),
    ("R5", "UPDATE mobiletech_outbound_messages SET payment_id = NULL WHERE id = 1",
     [("outbound", 1), ("payment", 1)]),
    ("R5", "UPDATE payments SET status = 'fail' WHERE id = 2", [("outbound", 2)]),
    ("R6", "UPDATE payments SET amount = 5.99 WHERE id = 2", [("payment", 2)]),
    ("R6", "DELETE FROM billkeys", [("payment", 1), ("payment", 2)]),
    ("R6", "UPDATE mobiletech_outbound_messages SET billkey = 'ZZ11' WHERE id = 1", [("payment", 1)]),
    ("R7", "UPDATE subscription_types SET price = 5.99", [("recurrent_payment", 2)]),
    ("R7", "DELETE FROM sms_offers", [("recurrent_payment", 2)]),
    ("R7", "UPDATE billkeys SET price = 6", [("recurrent_payment", 2)]),
    ("R7", "UPDATE recurrent_payments SET custom_amount = 3.33", [("recurrent_payment", 2)]),
    ("R9", "UPDATE mobiletech_inbound_messages SET \"from\" = '+421908111222'", [("recurrent_payment", 2)]),
    ("R9", "DELETE FROM mobiletech_phone_numbers", [("recurrent_payment", 2)]),
    ("R10", "UPDATE mobiletech_templates SET content = 'Ahoj {{ name }}'", [("recurrent_payment", 2)]),
    ("R10", "UPDATE mobiletech_templates SET content = repeat('dlhy text ', 20)", [("recurrent_payment", 2)]),
    ("R12", "UPDATE mobiletech_inbound_messages SET \"from\" = '0908630549'", [("inbound", 1)]),
    ("R12", "UPDATE mobiletech_inbound_messages SET \"from\" = '00421 908 630 549'", [("inbound", 1)]),
    ("R12", "UPDATE mobiletech_outbound_messages SET \"to\" = '421908630549' WHERE id = 2", [("outbound", 2)]),
]  # fmt: skip


@pytest.fixture(autouse=True)
def _renewed_reader(clock: Clock) -> None:
    """Payments 1 and 2, messages 1 and 2, renewals 1 (charged) and 2 (planned)."""
    set_up_sale()
    make_type()
    subscribe()
    clock.advance(MONTH)
    report(charge(), "D1")


def test_what_we_sell_and_renew_ourselves_breaks_no_rule() -> None:
    assert _broken() == {}


@pytest.mark.parametrize(("rule", "breach", "rows"), BREACHES)
def test_a_rule_finds_what_breaks_it_and_tells_no_number_of_anybody(
    rule: str, breach: str, rows: list[tuple[str, int]]
) -> None:
    _do(breach)

    found = _check()

    assert sorted((row["kind"], row["id"]) for row in found[rule].rows) == sorted(rows)
    told = str([each.rows for each in found.values()]).replace(" ", "")
    assert not [number for number in NUMBERS if number in told]


def test_two_renewals_of_one_type_are_found_both() -> None:
    _do("UPDATE recurrent_payments SET state = 'active', payment_method_id = 99 WHERE id = 1")

    assert _broken()["R8"] == [("recurrent_payment", 1), ("recurrent_payment", 2)]


def test_an_id_of_the_gateway_that_stands_twice_is_found() -> None:
    with pytest.raises(_TakenBackError), transaction() as session:
        session.execute(
            text(
                "ALTER TABLE mobiletech_outbound_messages"
                " DROP CONSTRAINT uq_mobiletech_outbound_messages_mobiletech_id"
            )
        )
        session.execute(text("UPDATE mobiletech_outbound_messages SET mobiletech_id = 'same'"))
        [rule] = [rule for rule in RULES if rule.name == "R11"]

        found = run_rule(session, rule)

        assert [(row["kind"], row["id"]) for row in found.rows] == [("outbound", 1), ("outbound", 2)]
        raise _TakenBackError


def test_a_foreign_number_and_a_short_one_are_written_rightly() -> None:
    _do("UPDATE mobiletech_inbound_messages SET \"from\" = '+420602123456'")
    _do("UPDATE mobiletech_outbound_messages SET \"to\" = '8877'")

    assert "R12" not in _broken()


def test_a_reader_who_changed_the_number_breaks_nothing() -> None:
    _do("UPDATE mobiletech_phone_numbers SET phone_number = '0905111222'")

    assert "R9" not in _broken()


def test_an_answer_of_which_nobody_knows_whose_it_is_breaks_nothing() -> None:
    _do("UPDATE mobiletech_outbound_messages SET user_id = NULL")

    assert _broken() == {}


def test_what_is_over_needs_no_price_and_no_text() -> None:
    _do("UPDATE recurrent_payments SET state = 'user_stop' WHERE id = 2")
    _do("DELETE FROM sms_offers")

    assert _broken() == {}


def test_a_payment_that_waits_for_its_report_breaks_nothing() -> None:
    buy(number="0905111222")

    assert _broken() == {}


def test_a_price_that_changed_later_breaks_no_payment_of_ours_but_every_imported_one() -> None:
    _do("UPDATE billkeys SET price = 6, updated_at = crm_now()")
    ours = _broken()
    _do("UPDATE payments SET import_id = 7")

    assert "R6" not in ours
    assert _broken()["R6"] == [("payment", 1), ("payment", 2)]


def test_an_imported_renewal_must_not_cost_another_price_than_the_reader_paid() -> None:
    _do("UPDATE subscription_types SET price = 6; UPDATE billkeys SET price = 6")
    ours = _broken()
    _do("UPDATE recurrent_payments SET import_id = 7")

    assert "R7" not in ours
    assert _broken()["R7"] == [("recurrent_payment", 2)]


def test_only_the_first_rows_are_kept_and_all_are_counted() -> None:
    _do(
        'INSERT INTO mobiletech_inbound_messages (mobiletech_id, serv_id, project_id, "from", "to", content,'
        " content_coding, dcs, esm, operator_type, receive_date, receive_date_raw)"
        " SELECT 'odd-' || number, '1', '', '0908123456', '8877', '', '', '', '', 'O', crm_now(), ''"
        " FROM generate_series(1, 250) AS number"
    )

    with transaction() as session:
        check_all(session)
    with transaction() as session:
        kept = {each.rule: each for each in read_checks(session)}

    assert [*kept] == [rule.name for rule in RULES]
    assert (kept["R12"].count, len(kept["R12"].rows)) == (250, SHOWN)
    assert kept["R12"].rows[0] == {"kind": "inbound", "id": 2, "mobiletech_id": "odd-1"}
    assert kept["R1"].count == 0


def test_each_row_is_named_as_the_old_system_knows_it() -> None:
    _do("UPDATE payments SET external_id = 'old-' || id, variable_symbol = '70' || id")
    _do("UPDATE recurrent_payments SET external_id = 'old-renewal-' || id, custom_amount = 3.33")
    _do("UPDATE mobiletech_outbound_messages SET mobiletech_id = 'mt-' || id")
    _do("UPDATE mobiletech_outbound_messages SET payment_id = NULL WHERE id = 1")
    _do("UPDATE payments SET status = 'fail' WHERE id = 2")

    found = _check()

    first, unpaid, paid = found["R5"].rows
    assert (first["mobiletech_id"], "external_id" in first) == ("mt-1", False)
    assert (unpaid["mobiletech_id"], unpaid["variable_symbol"]) == ("mt-2", "702")
    assert (paid["external_id"], paid["variable_symbol"]) == ("old-1", "701")
    assert found["R7"].rows[0]["external_id"] == "old-renewal-2"


class _TakenBackError(Exception):
    """What was tried is undone."""


def _do(statement: str) -> None:
    with transaction() as session:
        session.execute(text("SET LOCAL session_replication_role = replica"))
        session.execute(text(statement))


def _check() -> Mapping[str, Found]:
    with transaction() as session:
        return check_all(session)


def _broken() -> dict[str, list[tuple[str, int]]]:
    """Return the rows that break a rule, by its name."""
    return {
        name: [(row["kind"], row["id"]) for row in each.rows] for name, each in _check().items() if each.count
    }
