"""Cells that a spreadsheet would run are shown, and those of a file that comes back are read as they were."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crm.core.csv_cells import escape, safe_cell, unescape


@pytest.mark.parametrize(
    ("typed", "safe"),
    [
        *((f"{sign}1+1", f"'{sign}1+1") for sign in "=+-@\t\r\n\uff1d\uff0b\uff0d\uff20"),
        ("a=1", "a=1"),
        ("'=1", "'=1"),
        ("", ""),
        (None, ""),
        (-5, "'-5"),
        (17, "17"),
    ],
)
def test_no_cell_is_a_formula(typed: object, safe: str) -> None:
    assert safe_cell(typed) == safe


@given(text=st.text() | st.text(st.sampled_from("'=+-@\t\r\n\uff1da")))
def test_what_is_escaped_is_read_back_and_never_runs(text: str) -> None:
    assert unescape(escape(text)) == text
    assert not escape(text).startswith(
        ("=", "+", "-", "@", "\t", "\r", "\n", "\uff1d", "\uff0b", "\uff0d", "\uff20")
    )
