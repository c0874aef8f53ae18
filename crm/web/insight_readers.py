"""Who has a subscription, and whose renewal ended: by will, or because the charge failed."""

from collections import Counter
from collections.abc import Sequence

from flask_babel import gettext as _

from crm.payments.figures.reading import MoneyFigures
from crm.payments.figures.subscribers import Subscribers
from crm.payments.statuses import RecurrentState
from crm.web.count_words import spell, spell_share
from crm.web.insight_period import Span, part_word, period_word
from crm.web.insight_tables import Card, Columns, Row, Section, Table, count_cell, draw, list_href
from crm.web.overview_days import DayChart
from crm.web.page_tools import local_time

R = RecurrentState
# how a renewal ended -> the filter of the list of renewals
BY = {R.USER_STOP: "reader", R.ADMIN_STOP: "staff", R.SYSTEM_STOP: "given_up"}


def readers_section(figures: MoneyFigures, subscribers: Subscribers, span: Span) -> Section:
    """Return who has a subscription, and what ended."""
    ended = [Counter[str]() for _part in span.parts]
    for row in figures.ended:
        if span.first <= row.day <= span.last:
            ended[span.gather(row.day)][row.mark] += row.count
    counts = [subscribers.by_day.get(part.last, 0) for part in span.parts]
    return Section(
        name="subscribers",
        title=_("Subscribers"),
        meanings=[
            _("A subscriber is a reader whose subscription runs; one with two of them is one."),
            _(
                "The count is that of the end of the day, today that of %(time)s.",
                time=local_time(subscribers.counted_at, "time"),
            ),
            _(
                "A renewal ended by will when the reader or staff stopped it, by failure when all its tries failed."
            ),
            _("It counts on the day it ended, and no longer once it goes on."),
        ],
        cards=_cards(counts, ended, span),
        charts=[_running(counts, span), _ending(ended, span)],
        tables=[_by_part(counts, ended, span)],
        is_empty=not any(counts) and not any(each.total() for each in ended),
        empty=_("Nobody had a subscription in this time."),
    )


def _cards(counts: Sequence[int], ended: Sequence[Counter[str]], span: Span) -> list[Card]:
    whole = sum(ended, Counter[str]())
    by_will, by_failure = whole[R.USER_STOP] + whole[R.ADMIN_STOP], whole[R.SYSTEM_STOP]
    change = counts[-1] - counts[0]
    told = _("as many as at the beginning")
    if change:
        more = _("%(count)s more than at the beginning", count=spell(change))
        told = more if change > 0 else _("%(count)s fewer than at the beginning", count=spell(-change))
    return [
        Card(
            label=_("Subscribers now"),
            value=spell(counts[-1]),
            beneath=told,
            href="/admin/subscriptions?status=active",
        ),
        Card(
            label=_("Ended by will"),
            value=spell(by_will),
            beneath=_of_subscribers(by_will, counts),
            href=_renewals(span.first, span.last) if by_will else "",
        ),
        Card(
            label=_("Ended by failure"),
            value=spell(by_failure),
            beneath=_of_subscribers(by_failure, counts),
            href=_renewals(span.first, span.last, by=BY[R.SYSTEM_STOP]) if by_failure else "",
            tone="bad" if by_failure else "",
        ),
    ]


def _of_subscribers(count: int, counts: Sequence[int]) -> str:
    """Return the share of those who were there at the beginning, where there were any."""
    if not counts[0]:
        return ""
    return _("%(share)s of the subscribers at the beginning", share=spell_share(count, counts[0]))


def _running(counts: Sequence[int], span: Span) -> DayChart:
    return draw(
        Columns(
            label=_("Subscribers"),
            total=_("%(count)s now", count=spell(counts[-1])),
            total_href="/admin/subscriptions?status=active",
            values=[(count, 0) for count in counts],
        ),
        span,
    )


def _ending(ended: Sequence[Counter[str]], span: Span) -> DayChart:
    total = sum(each.total() for each in ended)
    return draw(
        Columns(
            label=_("Renewals that ended"),
            total=_("%(count)s in %(period)s", count=spell(total), period=period_word(span.period)),
            total_href=_renewals(span.first, span.last),
            values=[(each.total(), each[R.SYSTEM_STOP]) for each in ended],
            note=_("the blue part failed"),
            hrefs=[_renewals(part.first, part.last) for part in span.parts],
        ),
        span,
    )


def _by_part(counts: Sequence[int], ended: Sequence[Counter[str]], span: Span) -> Table:
    rows = [
        Row(
            key=str(part.first),
            name=part_word(part, span.step),
            cells=[
                count_cell(count),
                *(
                    count_cell(each[state], _renewals(part.first, part.last, by=by))
                    for state, by in BY.items()
                ),
            ],
        )
        for part, count, each in zip(span.parts, counts, ended, strict=True)
    ]
    return Table(
        name="subscribers",
        caption=_("Subscribers and renewals that ended, the newest first"),
        headings=[
            _("Time"),
            _("Subscribers"),
            _("Stopped by the reader"),
            _("Stopped by staff"),
            _("Failed"),
        ],
        columns=("from", "subscribers_at_the_end", "user_stop", "admin_stop", "system_stop"),
        rows=rows[::-1],
        is_folded=True,
    )


def _renewals(first: object, last: object, **filters: str) -> str:
    return list_href("recurrent-payments", first, last, view="stopped", **filters)
