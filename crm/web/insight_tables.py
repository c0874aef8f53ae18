"""A section of the figures: what it means, its charts, and the same as tables, which are the files too."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from urllib.parse import urlencode

from crm.core.csv_cells import csv_lines
from crm.web.charts import lay_out_columns, round_up
from crm.web.count_words import spell, spell_share
from crm.web.insight_period import Span, part_word, tick
from crm.web.money import money
from crm.web.overview_days import BOTTOM, HALF_A_LINE, TOP, DayChart, DayColumn
from crm.web.overview_figures import Link

CENTS = 100
NOTHING = Decimal(0)


@dataclass(frozen=True, slots=True)
class Cell:
    """One value: as programs read it, as people do, and the list of what it counts if there is one."""

    value: object
    text: str
    href: str = ""
    is_hidden: bool = False  # of the file only

    @property
    def is_nothing(self) -> bool:
        """Return whether it counts nothing."""
        return self.value in (0, "0.00")


@dataclass(frozen=True, slots=True)
class Row:
    """A line of a table; `key` is its name in the file."""

    key: str
    name: str
    cells: Sequence[Cell]


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """Figures by a mark. `headings` are the words of the columns, `columns` their names in the file."""

    name: str
    caption: str
    headings: Sequence[str]
    columns: Sequence[str]
    rows: Sequence[Row]
    is_folded: bool = False  # the same as the chart above it

    def as_csv(self) -> str:
        """Return the table as a file; a cell that looks like a formula is none."""
        return csv_lines(
            [self.columns, *([row.key, *(cell.value for cell in row.cells)] for row in self.rows)]
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Card:
    """One figure above the charts."""

    label: str
    value: str
    beneath: str = ""
    href: str = ""
    tone: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Section:
    """Figures that belong together; `meanings` define them, a sentence each."""

    name: str
    title: str
    meanings: Sequence[str]
    cards: Sequence[Card] = ()
    charts: Sequence[DayChart] = ()
    tables: Sequence[Table] = ()
    is_empty: bool
    empty: str  # what to say while there is nothing to show


@dataclass(frozen=True, slots=True, kw_only=True)
class Columns:
    """What a chart shows: of each part (whole, the share of it that stands out), in cents if it is money."""

    label: str
    total: str
    total_href: str
    values: Sequence[tuple[int, int]]
    note: str = ""
    currency: str = ""
    hrefs: Sequence[str] = ()
    is_past: bool = True  # the last part is not over yet; else all of it is to come


def count_cell(count: int, href: str = "") -> Cell:
    """Return a count, with its list if there is anything in it."""
    return Cell(count, spell(count), href if count else "")


def money_cell(amount: Decimal, currency: str, href: str = "") -> Cell:
    """Return an amount, with its list if it is of anything."""
    return Cell(f"{amount:.2f}", money(amount, currency), href if amount else "")


def share_cell(part: int, whole: int) -> Cell:
    """Return a share in per cent; empty of nothing."""
    return Cell(f"{100 * part / whole:.1f}" if whole else "", spell_share(part, whole))


def list_href(page: str, first: object, last: object, **filters: str) -> str:
    """Return the address of what was done on some days, on a list of the staff's."""
    return f"/admin/{page}?{urlencode({**filters, 'from': str(first), 'to': str(last)})}"


def draw(columns: Columns, span: Span) -> DayChart:
    """Return the chart of columns over the parts of the span."""
    most = round_up(max(whole for whole, _part in columns.values))
    laid_out = lay_out_columns(columns.values, most=most, top=TOP, bottom=BOTTOM)
    return DayChart(
        label=columns.label,
        total=Link(text=columns.total, href=columns.total_href),
        note=columns.note,
        most=_value(most, columns.currency),
        last=_value(columns.values[-1][0], columns.currency),
        last_y=min(max(laid_out[-1].top + HALF_A_LINE, TOP), BOTTOM),
        columns=[
            DayColumn(
                at=at,
                title=f"{part_word(span.parts[place], span.step)}: {_value(whole, columns.currency)}",
                href=columns.hrefs[place] if columns.hrefs else "",
                tick=tick(place, span),
                is_open=columns.is_past and place == len(span.parts) - 1,
            )
            for place, (at, (whole, _)) in enumerate(zip(laid_out, columns.values, strict=True))
        ],
    )


def cents(amount: Decimal) -> int:
    """Return an amount in cents, for drawing."""
    return int(amount * CENTS)


def add_up(amounts: Iterable[Decimal]) -> Decimal:
    """Return the sum of amounts."""
    return sum(amounts, NOTHING)


def _value(number: int, currency: str) -> str:
    return money(Decimal(number) / CENTS, currency) if currency else spell(number)
