"""One renewal in full: where it stands, its line of time, what the number was charged, what can be done."""

from collections.abc import Iterator

from flask_babel import gettext as _
from sqlalchemy.orm import Session

from crm.core.phone import to_international
from crm.payments.chains import REPLACED
from crm.payments.import_rules import is_kept
from crm.payments.models import RecurrentPayment
from crm.payments.statuses import OPEN, STOPS_BY_PERSON, Failure, RecurrentState
from crm.sms_billing.spending import read_spending
from crm.sms_billing.unproven import list_unproven
from crm.users.audit_log import list_acts_on
from crm.users.numbers import find_number
from crm.users.roles import Permission, may
from crm.web.act_words import as_line
from crm.web.page_tools import render_staff_page
from crm.web.renewal_chain import ChainFacts, list_steps, read_chain
from crm.web.renewal_rows import as_row, read_surroundings
from crm.web.renewal_words import FAILURE_RULES, LIST
from crm.web.renewals import read_hold
from crm.web.retelling import retell
from crm.web.session import get_signed_in
from crm.web.ways import Way, list_message_ways

SHOWN_ACTS = 20
R = RecurrentState


def show_renewal(session: Session, row: RecurrentPayment) -> str:
    """Return the page."""
    unproven, chain = list_unproven(session), read_chain(session, row)
    around = read_surroundings(session, chain.rows, unproven)
    number = around.numbers.get(row.user_id)
    last = chain.rows[-1]
    return render_staff_page(
        "renewals/show.html",
        renewal=row,
        line=as_row(row, around),
        reason=_reason(row),
        notice=retell(row.notice or ""),
        steps=list_steps(chain, row, around),
        spending=read_spending(session, to_international(number), row.user_id) if number else None,
        thread_href=_thread(session, number),
        newest_href=f"{LIST}/{last.id}" if last.id != row.id else None,
        all_href=f"{LIST}?user={row.user_id}",
        ways=list(_ways(session, chain, row)),
        acts=[as_line(act) for act in list_acts_on(session, f"recurrent_payment {row.id}", limit=SHOWN_ACTS)],
        held=read_hold(session),
        may_hold=False,
        type_code=around.types[row.subscription_type_id].code,
    )


def _reason(row: RecurrentPayment) -> str | None:
    """Return what the class of the last failure means for the next try, or why it is paused."""
    if row.paused_at is not None and row.state in OPEN:
        return retell(row.pause_reason or "") or None
    return _(FAILURE_RULES[Failure(row.failure)]) if row.failure else None


def _thread(session: Session, number: str | None) -> str | None:
    known = find_number(session, to_international(number)) if number else None
    return f"/admin/threads/{known.id}" if known is not None else None


def _ways(session: Session, chain: ChainFacts, row: RecurrentPayment) -> Iterator[Way]:
    """Tell what the role of who looks may do with the row as it stands."""
    role, here = get_signed_in().role, f"{LIST}/{row.id}"
    message = chain.message_of(row) if row.state == R.PENDING else None
    if message is not None:
        yield from list_message_ways(message, role)
    if may(role, Permission.MANAGE_RENEWALS):
        if row.state == R.ACTIVE and row.paused_at is None:
            yield Way(label=_("Charge now"), href=f"{here}/charge", icon="send")
            yield Way(label=_("Postpone"), href=f"{here}/postpone", icon="clock")
        if row.state in OPEN:
            yield _pause_or_go_on(row, here)
        yield from _second_lives(session, chain, row, here)
    if may(role, Permission.STOP_RENEWALS) and row.state in OPEN and not row.stop_wanted:
        yield Way(label=_("Stop"), href=f"{here}/stop", icon="stop")


def _pause_or_go_on(row: RecurrentPayment, here: str) -> Way:
    if row.paused_at is not None:
        return Way(label=_("Let it go on"), href=f"{here}/go-on", icon="right", is_main=True)
    return Way(label=_("Pause"), href=f"{here}/pause", icon="pause")


def _second_lives(session: Session, chain: ChainFacts, row: RecurrentPayment, here: str) -> Iterator[Way]:
    is_last = chain.rows[-1].id == row.id
    wanted = row.stop_wanted if row.state == R.PENDING else row.state
    if is_last and wanted in STOPS_BY_PERSON:
        yield Way(label=_("Reactivate"), href=f"{here}/reactivate", icon="retry", is_main=True)
    is_given_up = is_last and row.state == R.SYSTEM_STOP and row.note not in REPLACED
    if is_given_up and not is_kept(session, row):
        yield Way(label=_("Try anew"), href=f"{here}/anew", icon="retry", is_main=True)
