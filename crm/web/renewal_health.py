"""Whether renewals are charged, in a line for the page of operations."""

from collections.abc import Iterator, Mapping
from datetime import timedelta

from flask_babel import gettext as _
from flask_babel import ngettext
from sqlalchemy import select
from sqlalchemy.orm import Session

from crm.core.clock import db_now
from crm.events.periodic import LastRun
from crm.mobiletech.words import Tone
from crm.payments.charging import count_due
from crm.payments.holding import find_hold
from crm.web.duration_words import roughly
from crm.web.health_lines import Line
from crm.web.page_tools import local_time
from crm.web.renewal_words import LIST

TURN = "charge_due"
LATE_TURN = timedelta(minutes=2)
LATE_CHARGE = timedelta(minutes=10)


def list_renewal_lines(session: Session, runs: Mapping[str, LastRun]) -> Iterator[Line]:
    """Tell whether renewals are held, whether the worker's turn comes, whether what is due is charged."""
    hold, (count, oldest) = find_hold(session), count_due(session)
    if hold is not None:
        title = _("All renewals are held since %(moment)s", moment=local_time(hold.since, "minute"))
        yield Line(tone=Tone.WARN, title=title, detail=hold.reason or _("Nothing is charged."), href=LIST)
        return
    last = runs.get(TURN)
    if last is not None and last.ago > LATE_TURN:
        title = _("Nobody has looked for due renewals for %(span)s", span=roughly(last.ago))
        yield Line(tone=Tone.BAD, title=title, detail=_("A worker does it each 15 seconds."), href=LIST)
    now = session.execute(select(db_now())).scalar_one()
    if oldest is not None and now - oldest > LATE_CHARGE:
        title = ngettext(
            "%(num)s renewal is due and was not charged",
            "%(num)s renewals are due and were not charged",
            count,
        )
        detail = _("The oldest since %(moment)s.", moment=local_time(oldest, "minute"))
        yield Line(tone=Tone.BAD, title=title, detail=detail, href=f"{LIST}?view=due")
    elif last is None or last.ago <= LATE_TURN:
        detail = ngettext("%(num)s is due just now.", "%(num)s are due just now.", count)
        yield Line(tone=Tone.GOOD, title=_("Renewals are charged when they are due"), detail=detail)
