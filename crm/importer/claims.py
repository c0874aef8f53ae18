"""What only one row of a file may have: kept by its hash until the import ends, so that no batch is too late.

A line claims all that it wants at once: it has all of it, or nothing and is late. So it makes no difference where a
batch ends. Claims are written when a batch is settled, and only those of lines that are not refused; what a row of the
table itself shows later (`is_row`) only by a dry run, whose rows do not stay.
"""

from collections.abc import Callable, Collection, Iterable, Sequence
from typing import Any, Generic, NamedTuple, TypeVar

from sqlalchemy import text
from sqlalchemy.orm import Session

from crm.core.copying import array_text
from crm.importer.columns import Line

L = TypeVar("L", bound=Line[Any])
V = TypeVar("V", bound=object)

# 64 bits: in a file of a million rows two values meet by chance once in ten million files.
_KEY = "hashtextextended(wanted.value, 0)"
_KEEP = text(f"""
    INSERT INTO import_claims (import_id, key, line, digest)
    SELECT :import_id, {_KEY}, wanted.line, hashtextextended(wanted.row, 0)
    FROM unnest(CAST(:values AS text[]), CAST(:lines AS bigint[]), CAST(:rows AS text[])) AS wanted (value, line, row)
    ORDER BY wanted.line
    ON CONFLICT DO NOTHING
""")  # noqa: S608 - put together from constants
# Each by its key (OFFSET 0), however many there are by now: joined, all of them would be read for each batch.
_EARLIER = text(f"""
    SELECT wanted.value, claim.line, claim.digest FROM unnest(CAST(:values AS text[])) AS wanted (value), LATERAL (
        SELECT line, digest FROM import_claims WHERE import_id = :import_id AND key = {_KEY} OFFSET 0) AS claim
""")  # noqa: S608 - put together from constants
_DIGESTS = text(
    "SELECT hashtextextended(row, 0) FROM unnest(CAST(:rows AS text[])) WITH ORDINALITY AS r (row, n) ORDER BY n"
)
# The first by its key: any one of them would be looked for by reading those of other imports.
_HAS_ANY = text("SELECT line FROM import_claims WHERE import_id = :import_id ORDER BY key LIMIT 1")
_PARTED = "\x1f"


class Key(NamedTuple, Generic[L]):
    """Something that no two lines may have; `of` says what a line has, None where it is of no matter.

    A line that comes too late is refused under `column`, the name if left out.
    """

    name: str
    of: Callable[[L], object | None]
    column: str = ""


class Claim(NamedTuple, Generic[L]):
    """What a line claims for itself: (name, value) pairs; `row` says the row, as far as another may be the same.

    `is_row` when the line makes a row with the values in unique columns: later batches find the row itself.
    """

    line: L
    pairs: Sequence[tuple[str, str]]
    row: Callable[[L], str]
    is_row: bool = False


class Late(NamedTuple):
    """A line that came too late for a value: who has it, and whether that is the same row."""

    line: int
    name: str
    value: str
    holder: int
    is_same: bool


class Claims:
    """The claims of one batch, and through the table those of the batches before it."""

    def __init__(self, import_id: int, *, is_dry: bool) -> None:
        self._import_id, self._is_dry = import_id, is_dry
        self._holders: dict[tuple[str, str], Claim[Any]] = {}
        self._has_earlier: bool | None = None

    def take(self, session: Session, wanted: Sequence[Claim[L]]) -> list[Late]:
        """Claim the values line by line; give what each line that comes too late is late for."""
        earlier = self._read_earlier(session, [pair for each in wanted for pair in each.pairs])
        late: list[Late] = []
        behind: list[tuple[Claim[L], tuple[str, str]]] = []
        for each in wanted:
            held = [pair for pair in each.pairs if pair in self._holders or pair in earlier]
            for pair in held:
                holder = self._holders.get(pair)
                if holder is None:
                    behind.append((each, pair))
                else:
                    is_same = holder.row(holder.line) == each.row(each.line)
                    late.append(Late(each.line.number, *pair, holder.line.number, is_same))
            if not held:
                self._holders |= dict.fromkeys(each.pairs, each)
        return late + self._compare(session, behind, earlier)

    def note(self, name: str, values: Iterable[tuple[Line[Any], object]]) -> None:
        """Remember that lines have values, whoever else has them."""
        for line, value in values:
            pair = (name, str(value))
            self._holders.setdefault(pair, Claim(line, (pair,), lambda _: ""))

    def list_taken(self, session: Session, name: str, values: Collection[V]) -> set[V]:
        """Return those of the values that any line has."""
        pairs = {(name, str(value)): value for value in values}
        earlier = self._read_earlier(session, list(pairs))
        return {value for pair, value in pairs.items() if pair in earlier or pair in self._holders}

    def has_earlier(self, session: Session) -> bool:
        """Return whether batches before this one have left claims."""
        if self._has_earlier is None:
            first = session.execute(_HAS_ANY, {"import_id": self._import_id}).one_or_none()
            self._has_earlier = first is not None
        return self._has_earlier

    def let_go(self, line: int) -> None:
        """Give up the claims of a line of this batch."""
        self._holders = {pair: each for pair, each in self._holders.items() if each.line.number != line}

    def keep(self, session: Session, refused: Collection[int]) -> None:
        """Write the claims of lines that are not refused, for the batches to come."""
        kept = [
            (pair, each)
            for pair, each in self._holders.items()
            if each.line.number not in refused and (self._is_dry or not each.is_row)
        ]
        told: set[int] = set()
        rows = []
        for (
            _,
            each,
        ) in kept:  # the row goes along with its line's first claim: one that is the same is late there
            rows.append("" if each.line.number in told else each.row(each.line))
            told.add(each.line.number)
        if kept:
            values = {
                "values": array_text(_PARTED.join(pair) for pair, _ in kept),
                "lines": array_text(each.line.number for _, each in kept),
                "rows": array_text(rows),
            }
            session.execute(_KEEP, values | {"import_id": self._import_id})

    def _read_earlier(
        self, session: Session, pairs: Sequence[tuple[str, str]]
    ) -> dict[tuple[str, str], tuple[int, int]]:
        """Return which of the values lines of earlier batches have: the line, and the digest of its row."""
        if not pairs or not self.has_earlier(session):
            return {}
        given = {_PARTED.join(pair): pair for pair in pairs}
        asked = {"import_id": self._import_id, "values": array_text(given)}
        return {given[row.value]: (row.line, row.digest) for row in session.execute(_EARLIER, asked)}

    def _compare(
        self,
        session: Session,
        behind: Sequence[tuple[Claim[Any], tuple[str, str]]],
        earlier: dict[tuple[str, str], tuple[int, int]],
    ) -> list[Late]:
        """Return what lines are late for because of earlier batches, of which only the rows' digests are kept."""
        if not behind:
            return []
        rows = array_text(each.row(each.line) for each, _ in behind)
        digests = session.execute(_DIGESTS, {"rows": rows}).scalars().all()
        return [
            Late(each.line.number, *pair, earlier[pair][0], earlier[pair][1] == digest)
            for (each, pair), digest in zip(behind, digests, strict=True)
        ]
