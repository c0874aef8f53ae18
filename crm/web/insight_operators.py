"""How each operator bills the SMS that charge."""

from collections import Counter, defaultdict
from collections.abc import Sequence

from flask_babel import gettext as _

from crm.mobiletech.wire.operators import Operator
from crm.sms_billing.figures.operators import Billed, Outcome
from crm.web.insight_period import Span
from crm.web.insight_tables import Cell, Row, Section, Table, count_cell, share_cell


def operators_section(billed: Sequence[Billed], span: Span) -> Section:
    """Return what came of paid SMS, by operator."""
    counts: defaultdict[str, Counter[str]] = defaultdict(Counter)
    for row in billed:
        if span.first <= row.day <= span.last:
            counts[row.operator][row.outcome] += row.count
    order = sorted(counts, key=lambda operator: (-counts[operator].total(), operator))
    table = Table(
        name="operators",
        caption=_("What came of SMS that charge, by operator"),
        headings=[
            _("Operator"), _("SMS"), _("Billed"), _("Share"), _("Not billed"), _("Unknown"), _("No answer yet"),
        ],
        columns=("operator", "sms", "billed", "share_percent", "not_billed", "unknown", "waiting"),
        rows=[Row(operator, _name(operator), _cells(counts[operator])) for operator in order],
    )  # fmt: skip
    return Section(
        name="operators",
        title=_("Operators"),
        meanings=[
            _("Counted are the SMS of payments that were made in this time, each try by itself."),
            _("The share is of those of which it is known whether they were billed."),
        ],
        tables=[table],
        is_empty=not counts,
        empty=_("No SMS of a payment was made in this time."),
    )


def _cells(outcomes: Counter[str]) -> list[Cell]:
    known = outcomes[Outcome.BILLED] + outcomes[Outcome.NOT_BILLED]
    return [
        count_cell(outcomes.total()),
        count_cell(outcomes[Outcome.BILLED]),
        share_cell(outcomes[Outcome.BILLED], known),
        *(count_cell(outcomes[each]) for each in (Outcome.NOT_BILLED, Outcome.UNKNOWN, Outcome.WAITING)),
    ]


def _name(operator: str) -> str:
    return Operator(operator).label if operator else _("Unknown")
