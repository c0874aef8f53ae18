"""How we are, in sentences: what is wrong first, each with what to do about it."""

from collections.abc import Iterator

from flask_babel import gettext as _
from flask_babel import ngettext
from sqlalchemy import select
from sqlalchemy.orm import Session

from crm.core.business_settings import get_setting
from crm.core.clock import db_now
from crm.core.config import Settings
from crm.mobiletech.breaker import read_gateway_state
from crm.mobiletech.catalogue.key_rules import find_free_trouble
from crm.mobiletech.composing import NEEDED_TO_SEND
from crm.mobiletech.figures.waiting import ORPHAN_SECONDS
from crm.mobiletech.status_reports import count_orphans
from crm.mobiletech.words import Tone
from crm.web.health_lines import WORST_FIRST, Line
from crm.web.languages import told
from crm.web.page_tools import local_time
from crm.web.renewal_health import list_renewal_lines
from crm.web.retelling import retell
from crm.web.work_health import ORPHANS, WorkSeen, list_work_lines

SETTINGS = "/admin/settings"


def list_health(session: Session, settings: Settings, work: WorkSeen, *, is_redis_there: bool) -> list[Line]:
    """Return everything that was looked at, the worst first."""
    lines = [
        *list_work_lines(work),
        *_gateway(session, settings),
        *_free_key(session),
        *_breaker(session),
        *list_renewal_lines(session, work.runs),
        *_orphans(session),
        *_servers(is_redis_there=is_redis_there),
    ]
    return sorted(lines, key=lambda line: WORST_FIRST.index(line.tone))


def _gateway(session: Session, settings: Settings) -> Iterator[Line]:
    url = get_setting(session, "mobiletech_gateway_url_production")
    if settings.mobiletech_client == "mock":
        yield Line(
            tone=Tone.WARN if settings.is_production else Tone.WAIT,
            title=_("Nothing leaves this system"),
            detail=_(
                "The mock client reports every SMS as delivered. %(variable)s sends.",
                variable="CRM_MOBILETECH_CLIENT=http",
            ),
        )
    elif not url:
        yield Line(
            tone=Tone.BAD,
            title=_("The gateway's address is not set"),
            detail=_("Nothing can be sent: messages wait until their window is over."),
            href=f"{SETTINGS}/mobiletech_gateway_url_production",
        )
    else:
        yield Line(
            tone=Tone.GOOD,
            title=_("The gateway's address is set"),
            detail=_("Messages go to %(url)s.", url=url),
        )
    missing = [key for key in NEEDED_TO_SEND if not get_setting(session, key)]
    if missing:
        yield Line(
            tone=Tone.BAD if settings.is_production else Tone.WARN,
            title=_("A setting is missing that is needed to send"),
            detail=_("Set %(keys)s.", keys=", ".join(missing)),
            href=f"{SETTINGS}/{missing[0]}",
        )


def _free_key(session: Session) -> Iterator[Line]:
    trouble = find_free_trouble(session)
    if trouble is not None:
        yield Line(
            tone=Tone.BAD,
            title=_("Something is wrong with the free billing key"),
            detail=told(trouble),
            href="/admin/billkeys",
        )


def _breaker(session: Session) -> Iterator[Line]:
    state = read_gateway_state(session)
    if state is None or state.paused_until is None:
        yield Line(
            tone=Tone.GOOD,
            title=_("Paid messages go out"),
            detail=_("The breaker is closed: the gateway answers them clearly."),
        )
        return
    reason = retell(state.reason or "")
    if state.paused_until > session.execute(select(db_now())).scalar_one():
        title = _("Paid sending is paused until %(time)s", time=local_time(state.paused_until, "clock"))
    else:
        title = _("Paid sending waits for a clear answer")
    todo = _("Free messages go on. Then one paid message tries the gateway: a clear answer ends the pause.")
    yield Line(
        tone=Tone.WARN, title=title, detail=f"{reason} {todo}".strip(), href="/admin/messages?state=unknown"
    )


def _orphans(session: Session) -> Iterator[Line]:
    count = count_orphans(session, older_than_seconds=ORPHAN_SECONDS)
    if count:
        yield Line(
            tone=Tone.WARN,
            title=ngettext(
                "%(num)s report speaks of a message that is none of ours",
                "%(num)s reports speak of a message that is none of ours",
                count,
            ),
            detail=_("It may belong to a message of unknown fate."),
            href=ORPHANS,
        )


def _servers(*, is_redis_there: bool) -> Iterator[Line]:
    yield Line(tone=Tone.GOOD, title=_("The database answers"), detail=_("This page comes from it."))
    if is_redis_there:
        yield Line(tone=Tone.GOOD, title=_("Redis answers"), detail=_("Workers hear at once what is due."))
        return
    yield Line(
        tone=Tone.WARN,
        title=_("Redis cannot be reached"),
        detail=_(
            "Nothing is lost: workers look at the table each second, so SMS are handled a little later."
            " Look at REDIS_URL, and whether its server runs."
        ),
    )
