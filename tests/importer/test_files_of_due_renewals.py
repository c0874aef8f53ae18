"""A file may be due as a whole: nothing in it need be mended, somebody has to confirm it."""

import pytest

from crm.importer import running
from crm.importer.models import ImportRun
from tests.factories.imports import counts_of, refusals_of
from tests.factories.money import list_renewals, make_type, set_up_sale
from tests.importer.renewal_files import PAST, Reader, import_renewals, make_charged_reader

pytestmark = pytest.mark.usefixtures("gateway", "app")

COUNT = 3


@pytest.fixture
def readers() -> list[Reader]:
    set_up_sale()
    make_type()
    return [make_charged_reader(f"090511122{number}") for number in range(COUNT)]


@pytest.mark.parametrize("batch_rows", [1, COUNT])
@pytest.mark.parametrize("limit", ["FIRST_ROWS", "MOST_REFUSED"])
def test_what_is_only_due_is_counted_and_never_too_much_to_mend(
    readers: list[Reader], monkeypatch: pytest.MonkeyPatch, limit: str, batch_rows: int
) -> None:
    monkeypatch.setattr(running, limit, 1)
    lines = [reader.line(charge_at=PAST) for reader in readers]

    dry = import_renewals(*lines, dry=True, batch_rows=batch_rows)
    unconfirmed = import_renewals(*lines, batch_rows=batch_rows)
    real = import_renewals(*lines, confirm_due=True, batch_rows=batch_rows)

    assert [_told(run) for run in (dry, unconfirmed, real)] == [("done", None, COUNT, {"EUR": "14.97"})] * 3
    assert counts_of(dry) == counts_of(unconfirmed) == (0, 0, 0, COUNT)
    assert counts_of(real) == (COUNT, 0, 0, 0)
    assert len(list_renewals()) == COUNT


def test_a_line_that_stands_twice_is_due_as_often(
    readers: list[Reader], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(running, "FIRST_ROWS", 1)
    line = readers[0].line(charge_at=PAST)

    dry = import_renewals(line, line, dry=True)

    assert (dry.state, dry.due_count) == ("done", 1)
    assert [code for _, _, code in refusals_of(dry)] == ["due", "due"]


@pytest.mark.parametrize("confirm_due", [False, True])
def test_what_has_to_be_mended_beside_it_still_ends_the_import(
    readers: list[Reader], monkeypatch: pytest.MonkeyPatch, confirm_due: bool
) -> None:
    monkeypatch.setattr(running, "MOST_REFUSED", 1)
    due, *broken = [reader.line(charge_at=PAST) for reader in readers]
    lines = [due, *(line | {"cid": "nobody"} for line in broken)]

    dry = import_renewals(*lines, dry=True, confirm_due=confirm_due, batch_rows=2)

    assert (dry.state, dry.error) == ("refused", "More than 1 rows were refused.")


def test_a_file_that_is_due_and_of_another_kind_is_refused_for_its_kind(
    readers: list[Reader], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(running, "FIRST_ROWS", 3)
    lines = [reader.line(charge_at=PAST, cid="nobody") for reader in readers]

    dry = import_renewals(*lines, dry=True)

    assert dry.state == "refused"
    assert "Line 2: cid" in (dry.error or "")


def _told(run: ImportRun) -> tuple[str, str | None, int, dict[str, str]]:
    return run.state, run.error, run.due_count, run.due_amounts
