"""The parts of a chart stand where their counts say: from zero, in proportion, within their room."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crm.web.charts import lay_out_bar, lay_out_columns, round_up


def test_columns_share_the_width_and_stand_on_the_baseline() -> None:
    columns = lay_out_columns([(100, 75), (50, 0), (0, 0), (25, 25)], most=100, top=20, bottom=120)

    assert [column.room_x for column in columns] == ["0%", "25%", "50%", "75%"]
    assert [column.middle for column in columns] == ["12.5%", "37.5%", "62.5%", "87.5%"]
    assert [column.height for column in columns] == [100, 50, 0, 25]
    assert [column.part_height for column in columns] == [75, 0, 0, 25]
    assert {column.top + column.height for column in columns} == {120}
    assert {column.part_top + column.part_height for column in columns} == {120}


@given(st.lists(st.integers(0, 10**7), min_size=1, max_size=30))
def test_no_column_leaves_its_chart_and_what_is_there_is_seen(counts: list[int]) -> None:
    columns = lay_out_columns(
        [(count, count // 2) for count in counts], most=round_up(max(counts)), top=28, bottom=148
    )

    for count, column in zip(counts, columns, strict=True):
        assert column.top >= 28
        assert (column.height > 0) is (count > 0)
        assert column.part_height <= column.height


@pytest.mark.parametrize(
    ("most", "top"),
    [(0, 1), (1, 1), (3, 3), (7, 8), (10, 10), (11, 15), (457, 500), (1158, 1500), (2, 2), (2100, 3000)],
)
def test_a_chart_ends_at_a_number_that_people_count_in(most: int, top: int) -> None:
    assert round_up(most) == top


def test_a_bar_is_as_long_as_its_share_of_the_largest() -> None:
    assert lay_out_bar(50, 25, most=200).width == "25%"
    assert lay_out_bar(50, 25, most=200).part_width == "12.5%"
    assert lay_out_bar(1, 0, most=1_000_000).width == "0.6%"
    assert lay_out_bar(0, 0, most=0).width == "0%"
