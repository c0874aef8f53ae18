"""What of the money waits for a person: outcomes that nobody knows, what is paused, held, refused, late or given up."""

from collections.abc import Iterator, Sequence
from datetime import datetime, time, timedelta

from flask_babel import gettext as _
from flask_babel import ngettext
from sqlalchemy import select
from sqlalchemy.orm import Session

from crm.core.clock import db_now
from crm.mobiletech.words import Tone
from crm.payments.charging import MOST_COUNTED, count_due
from crm.payments.holding import find_hold
from crm.payments.renewal_list import COUNTED, RenewalFilter, RenewalView, StoppedBy, count_renewals
from crm.sms_billing.unproven import MOST, count_pending_too_long, list_unproven
from crm.web.overview_task import Task, make_task, told
from crm.web.page_tools import get_settings, local_time
from crm.web.renewal_words import LIST

LATE = timedelta(minutes=10)  # a worker charges each 15 seconds


def list_money_tasks(session: Session) -> Iterator[Task]:
    """Return the tasks, the most pressing first."""
    unproven = list_unproven(session)
    now = session.execute(select(db_now())).scalar_one()
    yield from _unproven(session, unproven)
    yield from _held(session)
    yield from _late(session, now)
    yield from _paused(session)
    yield from _refused(session)
    yield from _too_long(session, unproven)
    yield from _given_up(session, now)


def _unproven(session: Session, payment_ids: Sequence[int]) -> Iterator[Task]:
    wanted = RenewalFilter(view=RenewalView.UNPROVEN, unproven=payment_ids)
    count = count_renewals(session, wanted) if payment_ids else 0
    if count:
        title = ngettext(
            "%(count)s charge of a renewal is unproven",
            "%(count)s charges of renewals are unproven",
            count,
            count=told(count, MOST),
        )
        detail = _("Nobody knows whether they were billed. Settle each, or its period is not charged.")
        yield make_task(title, detail, f"{LIST}?view=unproven", "question", Tone.UNKNOWN)


def _held(session: Session) -> Iterator[Task]:
    hold = find_hold(session)
    if hold is not None:
        title = _("All renewals are held since %(moment)s", moment=local_time(hold.since, "short"))
        yield make_task(title, hold.reason or _("Nothing is charged."), LIST, "pause", Tone.WARN)


def _late(session: Session, now: datetime) -> Iterator[Task]:
    """While all are held they wait on purpose."""
    count, oldest = count_due(session)
    if oldest is not None and now - oldest > LATE and find_hold(session) is None:
        title = ngettext(
            "%(count)s renewal is due and was not charged",
            "%(count)s renewals are due and were not charged",
            count,
            count=told(count, MOST_COUNTED),
        )
        detail = _("The oldest since %(moment)s. `crm doctor` says why.", moment=local_time(oldest, "short"))
        yield make_task(title, detail, f"{LIST}?view=due", "clock", Tone.BAD)


def _paused(session: Session) -> Iterator[Task]:
    count = count_renewals(session, RenewalFilter(view=RenewalView.PAUSED))
    if count:
        title = ngettext(
            "%(count)s renewal is paused",
            "%(count)s renewals are paused",
            count,
            count=told(count, COUNTED + 1),
        )
        detail = _("Most often a text was almost a STOP: read it, then stop the renewal or let it go on.")
        yield make_task(title, detail, f"{LIST}?view=paused", "pause", Tone.WARN)


def _refused(session: Session) -> Iterator[Task]:
    count = count_renewals(session, RenewalFilter(view=RenewalView.REFUSED))
    if count:
        title = ngettext(
            "%(count)s renewal is refused by our settings",
            "%(count)s renewals are refused by our settings",
            count,
            count=told(count, COUNTED + 1),
        )
        detail = _("A key, a text, a number or the connection does not fit; each row says which.")
        yield make_task(title, detail, f"{LIST}?view=refused", "settings", Tone.BAD)


def _too_long(session: Session, unproven: Sequence[int]) -> Iterator[Task]:
    count = count_pending_too_long(session, unproven)
    if count:
        title = ngettext(
            "%(count)s charge has been on its way for more than a day",
            "%(count)s charges have been on their way for more than a day",
            count,
            count=told(count, MOST),
        )
        detail = _("No SMS waits so long: look at the message of each.")
        yield make_task(title, detail, f"{LIST}?view=pending", "clock", Tone.BAD)


def _given_up(session: Session, now: datetime) -> Iterator[Task]:
    today = now.astimezone(get_settings().timezone).date()
    since = datetime.combine(today, time.min, get_settings().timezone)
    wanted = RenewalFilter(view=RenewalView.STOPPED, stopped_by=StoppedBy.GIVEN_UP, since=since)
    count = count_renewals(session, wanted)
    if count:
        title = ngettext(
            "%(count)s renewal was given up today",
            "%(count)s renewals were given up today",
            count,
            count=told(count, COUNTED + 1),
        )
        detail = _("Each can be tried anew within 14 days, when its reason is gone.")
        href = f"{LIST}?view=stopped&by=given_up&from={today.isoformat()}"
        yield make_task(title, detail, href, "minus", Tone.WARN)
