"""What only one row of a file may have: kept by its hash until the import ends, so that no batch is too late.

A claim is one insert that does nothing where the value is taken; only then anything is looked up. What a row of the
table itself shows later (`is_row`) is claimed by a dry run only. The table is not logged: after a crash of the server
it is empty.
"""

from collections.abc import Callable, Collection, Sequence
from typing import Any, Generic, NamedTuple, TypeVar

from sqlalchemy import text
from sqlalchemy.orm import Session

from crm.core.copying import array_text
from crm.importer.columns import Line

L = TypeVar("L", bound=Line[Any])
V = TypeVar("V", bound=object)

# 64 bits: in a file of a million rows two values meet by chance once in ten million files.
_WANTED = """
    SELECT hashtextextended(CAST(:name AS text) || chr(31) || wanted.value, 0) AS key, wanted.line,
           hashtextextended(wanted.row, 0) AS digest
    FROM unnest(CAST(:values AS text[]), CAST(:lines AS bigint[]), CAST(:rows AS text[])) AS wanted (value, line, row)
"""
_TAKE = text(f"""
    WITH taken AS (
        INSERT INTO import_claims (import_id, key, line, digest)
        SELECT :import_id, key, line, digest FROM ({_WANTED} ORDER BY wanted.line) AS wanted
        ON CONFLICT DO NOTHING RETURNING 1
    ) SELECT count(*) FROM taken
""")  # noqa: S608 - put together from constants
_HOLDERS = text(f"""
    SELECT wanted.line, claim.line AS holder, claim.digest = wanted.digest AS is_same
    FROM ({_WANTED}) AS wanted JOIN import_claims AS claim ON claim.key = wanted.key
    WHERE claim.import_id = :import_id AND claim.line <> wanted.line
    ORDER BY wanted.line
""")  # noqa: S608 - put together from constants
_LET_GO = text(
    "DELETE FROM import_claims WHERE import_id = :import_id AND line = ANY(CAST(:lines AS bigint[]))"
)
_HAS_ANY = text("SELECT EXISTS (SELECT FROM import_claims WHERE import_id = :import_id)")
_HAS = text("""
    SELECT EXISTS (SELECT FROM import_claims WHERE import_id = :import_id
                   AND key = hashtextextended(CAST(:name AS text) || chr(31) || CAST(:value AS text), 0))
""")
_TAKEN = text("""
    SELECT wanted.value FROM unnest(CAST(:values AS text[])) AS wanted (value) WHERE EXISTS (
        SELECT FROM import_claims WHERE import_id = :import_id
          AND key = hashtextextended(CAST(:name AS text) || chr(31) || wanted.value, 0))
""")


class Claim(NamedTuple, Generic[L]):
    """What a line wants for itself; `row` says the row, as far as it matters whether another is the same.

    `is_row` when the line makes a row with the value in a unique column: later batches find the row itself.
    """

    line: L
    value: object
    row: Callable[[L], str]
    is_row: bool = False


class Late(NamedTuple):
    """A line that came too late for a value: who has it, and whether that is the same row."""

    line: int
    holder: int
    is_same: bool


class Claims:
    """The claims of one batch, and through the table those of the batches before it."""

    def __init__(self, import_id: int, *, is_dry: bool) -> None:
        self._import_id, self._is_dry = import_id, is_dry
        self._taken: list[tuple[str, Sequence[Claim[Any]]]] = []
        self._told: set[int] = set()  # lines whose row stands with an earlier claim
        self._has_earlier: bool | None = None

    def take(self, session: Session, name: str, wanted: Sequence[Claim[L]]) -> list[Late]:
        """Claim the values; give the lines that come too late."""
        first: dict[object, Claim[L]] = {}
        for claim in wanted:
            first.setdefault(claim.value, claim)
        late = self._take_among_batches(session, name, list(first.values()))
        if len(first) == len(wanted):
            return late
        held_before = {each.line for each in late}
        others = [claim for claim in wanted if first[claim.value] is not claim]
        beside = [claim for claim in others if first[claim.value].line.number not in held_before]
        late += [_compare(first[claim.value], claim) for claim in beside]
        behind = [claim for claim in others if first[claim.value].line.number in held_before]
        return late + self._find_holders(session, name, behind)

    def has(self, session: Session, name: str, value: object) -> bool:
        """Return whether any line has the value."""
        values = {"import_id": self._import_id, "name": name, "value": str(value)}
        return bool(session.execute(_HAS, values).scalar())

    def list_taken(self, session: Session, name: str, values: Collection[V]) -> set[V]:
        """Return those of the values that any line has."""
        if not values:
            return set()
        given = {str(value): value for value in values}
        asked = {"import_id": self._import_id, "name": name, "values": array_text(given)}
        return {given[value] for value in session.execute(_TAKEN, asked).scalars()}

    def has_earlier(self, session: Session) -> bool:
        """Return whether batches before this one have left claims."""
        if self._has_earlier is None:
            self._has_earlier = bool(session.execute(_HAS_ANY, {"import_id": self._import_id}).scalar())
        return self._has_earlier

    def let_go(self, session: Session, line: int) -> None:
        """Give up the claims of a line."""
        session.execute(_LET_GO, {"import_id": self._import_id, "lines": array_text([line])})
        self._taken = [
            (name, [each for each in wanted if each.line.number != line]) for name, wanted in self._taken
        ]

    def keep(self, session: Session, refused: Collection[int]) -> None:
        """Keep all claims but those of refused lines; those of a dry run, which was taken back, are claimed anew."""
        if self._is_dry:
            taken, self._taken, self._told = self._taken, [], set()
            for name, wanted in taken:
                self._insert(session, name, [each for each in wanted if each.line.number not in refused])
        elif let_go := {each.line.number for _, wanted in self._taken for each in wanted}.intersection(
            refused
        ):
            session.execute(_LET_GO, {"import_id": self._import_id, "lines": array_text(let_go)})

    def _take_among_batches(self, session: Session, name: str, wanted: Sequence[Claim[L]]) -> list[Late]:
        """Insert what no row will show, and look up all where there is anything to look up."""
        shown = [] if self._is_dry else [each for each in wanted if each.is_row]
        hidden = [each for each in wanted if self._is_dry or not each.is_row]
        looked_up = list(shown) if shown and self.has_earlier(session) else []
        if hidden and self._insert(session, name, hidden) < len(hidden):
            looked_up += hidden
        return self._find_holders(session, name, looked_up)

    def _find_holders(self, session: Session, name: str, wanted: Sequence[Claim[Any]]) -> list[Late]:
        """Return those of the claims whose value a line of another batch has."""
        if not wanted:
            return []
        values = self._values(name, wanted, with_rows=True)
        return [Late(row.line, row.holder, row.is_same) for row in session.execute(_HOLDERS, values)]

    def _insert(self, session: Session, name: str, wanted: Sequence[Claim[Any]]) -> int:
        if not wanted:
            return 0
        count: int = session.execute(_TAKE, self._values(name, wanted)).scalar_one()
        self._taken.append((name, wanted))
        self._told.update(each.line.number for each in wanted)
        return count

    def _values(
        self, name: str, wanted: Sequence[Claim[Any]], *, with_rows: bool = False
    ) -> dict[str, object]:
        """Return the parameters; a row goes along with its line's first claim: one that is the same is late there."""
        return {
            "import_id": self._import_id,
            "name": name,
            "values": array_text(each.value for each in wanted),
            "lines": array_text(each.line.number for each in wanted),
            "rows": array_text(
                each.row(each.line) if with_rows or each.line.number not in self._told else ""
                for each in wanted
            ),
        }


def _compare(holder: Claim[Any], claim: Claim[Any]) -> Late:
    is_same = holder.row(holder.line) == claim.row(claim.line)
    return Late(claim.line.number, holder.line.number, is_same)
