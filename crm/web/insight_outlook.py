"""The outlook on the charges to come, and what stands behind it in words: the share that is expected, the ceiling."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from flask_babel import gettext as _
from flask_babel import ngettext

from crm.payments.figures.forecast import Forecast, Planned, SuccessRate
from crm.payments.holding import Hold
from crm.web.count_words import spell, spell_share
from crm.web.page_tools import local_time

BASIS_DAYS = 90
LEAST_SETTLED = 30  # fewer say nothing about a share


@dataclass(frozen=True, slots=True, kw_only=True)
class Outlook:
    """The forecast and what it is judged by."""

    forecast: Forecast
    days: Sequence[date]
    rate: SuccessRate
    ceiling: int  # charges an hour; 0 is none
    hold: Hold | None

    @property
    def is_known(self) -> bool:
        """Return whether enough is settled to expect anything."""
        return self.rate.settled >= LEAST_SETTLED


def basis_sentence(outlook: Outlook) -> str:
    """Return what the expected share rests on, or why nothing is expected."""
    rate = outlook.rate
    if not outlook.is_known:
        return ngettext(
            "Nothing is expected yet: of the last %(days)s days the end of %(count)s renewal is known, and a share of"
            " fewer than %(least)s says nothing.",
            "Nothing is expected yet: of the last %(days)s days the end of %(count)s renewals is known, and a share of"
            " fewer than %(least)s says nothing.",
            rate.settled,
            days=BASIS_DAYS,
            count=spell(rate.settled),
            least=LEAST_SETTLED,
        )
    return _(
        "Expected is an estimate: of the %(settled)s renewals that were due in the last %(days)s days and whose end is"
        " known, %(share)s were charged in the end (%(charged)s), at once or by a later try.",
        settled=spell(rate.settled),
        days=BASIS_DAYS,
        share=spell_share(rate.charged, rate.settled),
        charged=spell(rate.charged),
    )


def list_notes(outlook: Outlook) -> list[str]:
    """Return what else a person should know: the ceiling, and what is not in the sums."""
    return [_ceiling(outlook), *_left_out(outlook.forecast)]


def count_by_hour(rows: Iterable[Planned]) -> Counter[datetime]:
    """Return how many charges each hour has."""
    hours: Counter[datetime] = Counter()
    for row in rows:
        hours[row.hour] += row.count
    return hours


def _ceiling(outlook: Outlook) -> str:
    if outlook.ceiling == 0:
        return _("No ceiling is set: whatever is due goes out at once.")
    busiest = count_by_hour(outlook.forecast.planned).most_common(1)
    if not busiest or busiest[0][1] <= outlook.ceiling:
        return _(
            "The ceiling lets %(ceiling)s charges through in an hour; no hour has more.",
            ceiling=spell(outlook.ceiling),
        )
    [(hour, count)] = busiest
    return _(
        "The ceiling lets %(ceiling)s charges through in an hour. On %(at)s %(count)s are planned: they take"
        " about %(hours)s hours.",
        ceiling=spell(outlook.ceiling),
        at=local_time(hour, "short"),
        count=spell(count),
        hours=-(-count // outlook.ceiling),
    )


def _left_out(forecast: Forecast) -> list[str]:
    told = []
    if forecast.pending:
        told.append(
            ngettext(
                "%(count)s charge is on its way and not in the sums.",
                "%(count)s charges are on their way and not in the sums.",
                forecast.pending,
                count=spell(forecast.pending),
            )
        )
    if forecast.paused:
        told.append(
            ngettext(
                "%(count)s renewal is paused until a person decides, and not in the sums.",
                "%(count)s renewals are paused until a person decides, and not in the sums.",
                forecast.paused,
                count=spell(forecast.paused),
            )
        )
    return told
