"""What became of charges that failed at first: by why they failed, and by which try they were charged after all."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal

from flask_babel import gettext as _
from flask_babel import ngettext

from crm.core.errors import N_
from crm.payments.figures.counting import Alike, Fate
from crm.payments.figures.reading import MoneyFigures
from crm.payments.statuses import Failure
from crm.web.count_words import spell, spell_share
from crm.web.insight_period import Span
from crm.web.insight_tables import (
    NOTHING,
    Card,
    Cell,
    Row,
    Section,
    Table,
    add_up,
    count_cell,
    money_cell,
    share_cell,
)
from crm.web.money import money

FAILURES: Mapping[str, str] = {
    Failure.NO_CREDIT: N_("No credit"),
    Failure.BLOCKED: N_("Blocked by the operator"),
    Failure.LIMIT: N_("Over a cap of ours"),
    Failure.PORTED: N_("Ported, or no such number"),
    Failure.TECHNICAL: N_("Technical"),
    Failure.NO_ANSWER: N_("No answer"),
    Failure.OURS: N_("Our settings, texts or connection"),
    Failure.PERSON: N_("Called back by a person"),
}


def recovery_section(figures: MoneyFigures, span: Span, currency: str) -> Section:
    """Return how renewals were charged, and what became of those that failed at first."""
    rows = [row for row in figures.renewals if span.first <= row.day <= span.last]
    failed = [row for row in rows if row.mark]
    return Section(
        name="recovery",
        title=_("Recovery of failed charges"),
        meanings=[
            _("Counted are the periods whose first charge was due in this time, each once."),
            _("Recovered is what failed at first and was charged by a later try of the same period."),
            _("A charge that was reported as failed and billed after all never failed."),
        ],
        cards=_cards(rows, failed, currency),
        tables=[_by_failure(failed, currency), _by_try(rows, currency)],
        is_empty=not rows,
        empty=_("No renewal was due in this time."),
    )


def _cards(rows: Sequence[Alike], failed: Sequence[Alike], currency: str) -> list[Card]:
    due, settled = _count(rows), [row for row in rows if row.fate != Fate.OPEN]
    recovered = [row for row in failed if row.fate == Fate.CHARGED]
    charged = [row for row in rows if row.fate == Fate.CHARGED]
    return [
        Card(label=_("Due"), value=spell(due), beneath=_("periods to be paid for")),
        Card(
            label=_("Charged in the end"),
            value=spell_share(_count(charged), _count(settled)) or "–",
            beneath=_("%(count)s of those whose end is known", count=spell(_count(charged))),
        ),
        Card(
            label=_("Failed at first"),
            value=spell(_count(failed)),
            beneath=spell_share(_count(failed), due) if failed else "",
            tone="bad" if failed else "",
        ),
        Card(
            label=_("Recovered"),
            value=spell(_count(recovered)),
            beneath=money(add_up(row.amount for row in recovered if row.currency == currency), currency),
        ),
    ]


def _by_failure(failed: Sequence[Alike], currency: str) -> Table:
    counts: defaultdict[str, Counter[str]] = defaultdict(Counter)
    amounts: Counter[str] = Counter()
    for row in failed:
        counts[row.mark][row.fate] += row.count
        if row.currency == currency:
            amounts[row.mark] += row.amount  # type: ignore[assignment]
    order = sorted(counts, key=lambda mark: (-counts[mark].total(), mark))
    return Table(
        name="recovery",
        caption=_("What became of charges that failed at first, by why they failed"),
        headings=[
            _("Why the first try failed"), _("Failed"), _("Recovered"), _("Share"), _("Still tried"),
            _("Stopped"), _("Given up"), _("Recovered money"),
        ],
        columns=(
            "failure", "failed", "recovered", "share_percent", "open", "stopped", "given_up", "recovered_amount",
        ),
        rows=[
            Row(mark, _name(mark), _cells(counts[mark], Decimal(amounts[mark]), currency)) for mark in order
        ],
    )  # fmt: skip


def _cells(fates: Counter[str], amount: Decimal, currency: str) -> list[Cell]:
    settled = fates.total() - fates[Fate.OPEN]
    return [
        count_cell(fates.total()),
        count_cell(fates[Fate.CHARGED]),
        share_cell(fates[Fate.CHARGED], settled),
        *(count_cell(fates[fate]) for fate in (Fate.OPEN, Fate.STOPPED, Fate.GIVEN_UP)),
        money_cell(amount, currency),
    ]


def _by_try(rows: Sequence[Alike], currency: str) -> Table:
    counts: Counter[int] = Counter()
    amounts: dict[int, Decimal] = {}
    for row in rows:
        if row.fate == Fate.CHARGED:
            counts[row.attempt] += row.count
            own = row.amount if row.currency == currency else NOTHING
            amounts[row.attempt] = amounts.get(row.attempt, NOTHING) + own
    charged = counts.total()
    return Table(
        name="tries",
        caption=_("By which try renewals were charged"),
        headings=[_("Try"), _("Charged"), _("Share"), _("Money")],
        columns=("try", "charged", "share_percent", "amount"),
        rows=[
            Row(
                str(attempt + 1),
                _("at once")
                if attempt == 0
                else ngettext("after %(count)s failure", "after %(count)s failures", attempt, count=attempt),
                [
                    count_cell(counts[attempt]),
                    share_cell(counts[attempt], charged),
                    money_cell(amounts[attempt], currency),
                ],
            )
            for attempt in sorted(counts)
        ],
    )


def _count(rows: Iterable[Alike]) -> int:
    return sum(row.count for row in rows)


def _name(failure: str) -> str:
    return _(FAILURES[failure]) if failure in FAILURES else failure
