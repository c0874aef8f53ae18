"""The list of numbers on one operator.

No index serves it: the operator follows from a number's messages. So the list is walked, a few numbers at a
time, and at most SCANNED of them for a page; one that ends there says so, and the next goes on from it.
Numbers of which nothing tells the operator cannot be asked for: nearly every number would have to be weighed.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from sqlalchemy import Select
from sqlalchemy.orm import Session

from crm.core.keyset import KeysetPage, Place, read_rows
from crm.mobiletech.operator_resolver import list_possible, resolve_operators
from crm.mobiletech.wire.operators import Operator
from crm.users.models import KnownNumber
from crm.users.number_list import KEY

SCANNED = 500
AT_ONCE = 100


@dataclass(frozen=True, slots=True)
class OperatorPage:
    """One page, newest first. `is_cut`: the walk stopped at its older end, and nothing is known beyond it."""

    page: KeysetPage[KnownNumber]
    is_cut: bool = False


def list_numbers_on(
    session: Session,
    found: Select[KnownNumber],
    operator: Operator,
    *,
    limit: int,
    after: Place | None = None,
    before: Place | None = None,
) -> OperatorPage:
    """Return the newest numbers on the operator, what comes after (is older than) a place, or before (is newer)."""
    if before is not None:
        rows, horizon = _walk(session, found, operator, limit=limit, start=before, older=False)
        shown, newer = rows[:limit], _onward(rows, horizon, limit)
        if newer is not None:
            oldest = _place(shown[0]) if shown else before
            return OperatorPage(KeysetPage(rows=shown[::-1], newer=newer, older=oldest))
        after = None  # the top is reached: show all of the first page, not the piece above
    rows, horizon = _walk(session, found, operator, limit=limit, start=after, older=True)
    shown = rows[:limit]
    page = KeysetPage(rows=shown, newer=None, older=_onward(rows, horizon, limit))
    if after is not None:
        page = replace(page, newer=_place(shown[0]) if shown else after)
    return OperatorPage(page, is_cut=len(rows) <= limit and horizon is not None)


def _walk(
    session: Session,
    found: Select[KnownNumber],
    operator: Operator,
    *,
    limit: int,
    start: Place | None,
    older: bool,
) -> tuple[list[KnownNumber], Place | None]:
    """Return up to limit + 1 numbers or more, the nearest first, and where the walk gave up, if it did."""
    matching: list[KnownNumber] = []
    for _ in range(SCANNED // AT_ONCE):
        rows = read_rows(session, found, KEY, limit=AT_ONCE, start=start, older=older)
        possible = list_possible(session, [row.number for row in rows], operator)
        operators = resolve_operators(session, possible)
        matching += [row for row in rows if operators.get(row.number) is operator]
        if len(rows) < AT_ONCE:
            return matching, None
        start = _place(rows[-1])
        if len(matching) > limit:
            break
    return matching, start


def _onward(rows: Sequence[KnownNumber], horizon: Place | None, limit: int) -> Place | None:
    return _place(rows[limit - 1]) if len(rows) > limit else horizon


def _place(row: KnownNumber) -> Place:
    return Place(row.created_at, row.id)
