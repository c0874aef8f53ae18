"""How values are read: what people and databases write, and nothing that harms."""

from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crm.importer import kinds
from crm.importer.errors import CellError
from crm.importer.password_hashes import password_hash

BCRYPT = "$2y$10$BmqrX53ewHYpWtQb3IQh5.CkRsMFTb0KLJKAfaIGSN0n2N9jUHGhK"
ARGON2 = "$argon2id$v=19$m=65536,t=3,p=4$c29tZXNhbHRzb21lc2FsdA$KBqhTjM2dQXoZ0mGXZzyz8cEvN3LJ3n0D5b0bEEuVhs"

moment = kinds.moment(ZoneInfo("Europe/Bratislava"))

READERS: dict[str, Callable[[str], Any]] = {
    "text": kinds.text,
    "message_text": kinds.message_text,
    "note": kinds.note,
    "code": kinds.code,
    "external_id": kinds.external_id,
    "number_of_people": kinds.number_of_people,
    "address": kinds.address,
    "reader_number": kinds.reader_number,
    "email": kinds.email,
    "password_hash": password_hash,
    "flag": kinds.flag,
    "whole": kinds.whole,
    "amount": kinds.amount,
    "price": kinds.price,
    "currency": kinds.currency,
    "uuid": kinds.uuid,
    "status_code": kinds.status_code,
    "json_object": kinds.json_object,
    "one_of": kinds.one_of("a", "b"),
    "moment": moment,
}

GOOD = [
    ("text", "Eva Nová, PhD. (+421)", "Eva Nová, PhD. (+421)"),
    ("text", "-5 °C", "-5 °C"),
    ("note", "prvý riadok\ndruhý", "prvý riadok\ndruhý"),
    ("message_text", "=START\n", "=START\n"),
    ("number_of_people", "+421 908 123 456", "0908123456"),
    ("address", "0908 123 456", "+421908123456"),
    ("address", "8877", "8877"),
    ("reader_number", "0908 123 456", "+421908123456"),
    ("reader_number", "+420602123456", "+420602123456"),
    ("external_id", "2E5", "2E5"),
    ("password_hash", BCRYPT, BCRYPT),
    ("password_hash", ARGON2, ARGON2),
    ("flag", "Áno", True),
    ("flag", "0", False),
    ("amount", "4,90", Decimal("4.90")),
    ("price", "0", Decimal("0.00")),
    ("uuid", "0B3B8F40-7E15-4C2F-9D7A-0C7F1B1F1B1F", UUID("0b3b8f40-7e15-4c2f-9d7a-0c7f1b1f1b1f")),
    ("json_object", '{"a": 4.9, "b": "ž", "c": null}', {"a": 4.9, "b": "ž", "c": None}),
    ("moment", "2026-10-01 09:30:00", datetime(2026, 10, 1, 7, 30, tzinfo=UTC)),
    ("moment", "2026-12-01T09:30:00.5Z", datetime(2026, 12, 1, 9, 30, 0, 500_000, tzinfo=UTC)),
    ("moment", "2026-12-01 09:30:00+0200", datetime(2026, 12, 1, 7, 30, tzinfo=UTC)),
    ("moment", "2026-12-01", datetime(2026, 11, 30, 23, tzinfo=UTC)),
    ("moment", "1. 12. 2026 9:30", datetime(2026, 12, 1, 8, 30, tzinfo=UTC)),
    ("moment", "1.12.2026", datetime(2026, 11, 30, 23, tzinfo=UTC)),
    ("moment", "2026-03-29 02:30:00", datetime(2026, 3, 29, 1, 30, tzinfo=UTC)),  # an hour that was not
    ("moment", "2026-10-25 02:30:00", datetime(2026, 10, 25, 0, 30, tzinfo=UTC)),  # one that was twice
]

BAD = [
    ("text", "=1+1", "formula"),
    ("text", "@SUM(A1)", "formula"),
    ("text", "+cmd|' /C calc'!A0", "formula"),
    ("text", "＝1+1", "formula"),
    ("text", "a\tb", "control_character"),
    ("text", "a\x9b2Jb", "control_character"),
    ("text", "x" * 256, "too_long"),
    ("external_id", "=1+1", "formula"),
    ("external_id", "1 2", "external_id"),
    ("message_text", "x" * 2001, "too_long"),
    ("code", "../../etc", "code"),
    ("number_of_people", "+420602123456", "phone"),
    ("address", "<script>", "number"),
    ("reader_number", "8877", "number"),
    ("reader_number", "abc", "number"),
    ("reader_number", "?", "number"),
    ("reader_number", "4.21908E+11", "spoilt"),
    ("address", "4,21908E+11", "spoilt"),
    ("number_of_people", "9.08123E+08", "spoilt"),
    ("code", "1.00003E+14", "spoilt"),
    ("external_id", "1.00003e+14", "spoilt"),
    ("email", "eva@", "email"),
    ("password_hash", "secret", "password"),
    ("password_hash", BCRYPT.replace("$10$", "$31$"), "password_cost"),
    ("password_hash", BCRYPT.replace("$10$", "$00$"), "password_cost"),
    ("password_hash", ARGON2.replace("m=65536", "m=4194304"), "password_cost"),
    ("password_hash", ARGON2.replace("t=3", "t=999"), "password_cost"),
    ("flag", "maybe", "flag"),
    ("whole", "-1", "range"),
    ("whole", "1e3", "integer"),
    ("whole", "٣", "integer"),
    ("whole", "9" * 12, "range"),
    ("whole", "9" * 5000, "integer"),
    ("amount", "-4.90", "amount"),
    ("amount", "0", "amount"),
    ("amount", "1e1", "amount"),
    ("amount", "NaN", "amount"),
    ("amount", "4.999", "amount"),
    ("amount", "999999", "amount"),
    ("price", "-1", "amount"),
    ("currency", "eur", "currency"),
    ("uuid", "12345678123456781234567812345_78", "uuid"),
    ("uuid", "{0b3b8f40-7e15-4c2f-9d7a-0c7f1b1f1b1f}", "uuid"),
    ("status_code", "X1", "status"),
    ("json_object", "[]", "json"),
    ("json_object", '{"a": []}', "json"),
    ("json_object", '{"a": Infinity}', "json"),
    ("json_object", '{"a": 1e999}', "json"),
    ("json_object", '{"a": "\\u0000"}', "control_character"),
    ("json_object", '{"\\ud800": 1}', "control_character"),
    ("json_object", "[" * 5000, "json"),
    ("json_object", f'{{"a": {"9" * 5000}}}', "json"),
    ("json_object", f'{{"a": "{"x" * 8000}"}}', "too_long"),
    ("one_of", "c", "choice"),
    ("moment", "0000-00-00 00:00:00", "date"),
    ("moment", "2026-02-30", "date"),
    ("moment", "2026-10-01 24:00:00", "date"),
    ("moment", "0001-01-01 00:00:00", "date"),
    ("moment", "9999-12-31 23:59:59", "date_range"),
    ("moment", "1989-12-31", "date_range"),
    ("moment", "2200-01-02", "date_range"),
    ("moment", "2026-10-01T09:30+99:00", "date"),
    ("moment", "10/01/2026", "date"),
    ("moment", "1790000000", "date"),
]


@pytest.mark.parametrize(("reader", "value", "read"), GOOD)
def test_what_is_written_as_usual_is_read(reader: str, value: str, read: object) -> None:
    assert READERS[reader](value) == read


@pytest.mark.parametrize(("reader", "value", "code"), BAD)
def test_what_cannot_be_used_has_a_rule_and_a_sentence(reader: str, value: str, code: str) -> None:
    with pytest.raises(CellError) as refused:
        READERS[reader](value)

    assert refused.value.code == code
    assert str(refused.value).endswith(".")
    assert len(str(refused.value)) < 200


@pytest.mark.parametrize("reader", READERS)
@given(value=st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), min_size=1))
def test_any_text_is_read_or_refused(reader: str, value: str) -> None:
    try:
        READERS[reader](value)
    except CellError as error:
        assert error.code


@given(
    year=st.integers(0, 9999),
    rest=st.tuples(st.integers(0, 13), st.integers(0, 32), st.integers(0, 25), st.integers(0, 61)),
    form=st.sampled_from(
        [
            "{0:04}-{1:02}-{2:02} {3:02}:{4:02}",
            "{2}.{1}.{0:04} {3}:{4:02}",
            "{0:04}-{1:02}-{2:02}T{3:02}:{4:02}Z",
        ]
    ),
)
def test_any_date_is_a_moment_of_our_years_or_refused(
    year: int, rest: tuple[int, int, int, int], form: str
) -> None:
    try:
        at = moment(form.format(year, *rest))
    except CellError as error:
        assert error.code in ("date", "date_range")
    else:
        assert at.tzinfo is UTC
        assert kinds.FIRST_YEAR <= at.year <= kinds.LAST_YEAR


def test_a_formula_is_told_by_the_sign_that_begins_it() -> None:
    with pytest.raises(
        CellError, match=r"^This begins like a formula, with =: write it without that sign[.]$"
    ):
        kinds.text("=1+1")


@pytest.mark.parametrize("value", ["8877", "abc", "?"])
def test_of_a_readers_number_no_short_number_is_given_as_a_pattern(value: str) -> None:
    with pytest.raises(CellError, match=r"^This is no reader's number; write it like [+]421908123456[.]$"):
        kinds.reader_number(value)
