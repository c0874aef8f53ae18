"""The rules of an imported history: what each found when it was checked last, and how to mend it."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from flask import Blueprint, abort, flash, redirect, request
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import ngettext
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from crm.core.db import current_session, transaction
from crm.core.errors import N_
from crm.importer.check_work import RULES_BY_NAME, ask_for_checks, is_checking
from crm.importer.integrity.checking import read_checks
from crm.importer.integrity.late_stops import heed_late_stops
from crm.importer.integrity.questions import Kind
from crm.importer.integrity.rules import Rule
from crm.importer.integrity.stopping import Mended, mend
from crm.importer.models import ImportCheck, ImportStop
from crm.mobiletech.words import Tone, Word
from crm.users.roles import Permission
from crm.web.count_words import spell
from crm.web.forms import Form
from crm.web.guards import staff
from crm.web.page_tools import render_staff_page

import_checks = Blueprint("import_checks", __name__)

BOTH = ("GET", "POST")
CHECKS = "/admin/imports/check"
KEPT = Word(N_("Holds"), Tone.GOOD, "check")
BROKEN = Word(N_("Broken"), Tone.BAD, "alert")
UNCHECKED = Word(N_("Not checked yet"), Tone.WAIT, "question")
# What a row behind a rule is, and where its page is, by its id.
KINDS: Mapping[str, tuple[str, str]] = {
    Kind.RENEWAL: (N_("Renewal %(id)s"), "/admin/recurrent-payments/"),
    Kind.PAYMENT: (N_("Payment %(id)s"), "/admin/payments/"),
    Kind.INBOUND: (N_("SMS from a reader %(id)s"), "/admin/messages/inbound/"),
    Kind.OUTBOUND: (N_("SMS to a reader %(id)s"), "/admin/messages/outbound/"),
    Kind.PHONE: (N_("Number %(id)s"), ""),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleLine:
    """One rule with what its last check found."""

    name: str
    href: str
    meaning: str
    mend: str
    state: Word
    count: str
    checked_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class BrokenRow:
    """One row that breaks a rule."""

    name: str
    href: str
    details: str


@import_checks.get("")
@staff(Permission.IMPORT)
def show_list() -> str:
    """Show every rule."""
    session = current_session()
    found = {check.rule: check for check in read_checks(session)}
    rules, is_going_on = (
        [_line(rule, found.get(name)) for name, rule in RULES_BY_NAME.items()],
        is_checking(session),
    )
    return render_staff_page(
        "imports/checks.html",
        rules=rules,
        summary=_("The rules are being checked.") if is_going_on else _sum_up(rules),
        is_checking=is_going_on,
        stopped=_count_stopped(session),
    )


@import_checks.post("")
@staff(Permission.IMPORT)
def check_now() -> ResponseReturnValue:
    """Have every rule checked by a worker."""
    with transaction() as session:
        is_new = ask_for_checks(session)
    flash(
        _("The rules are being checked. What is found appears here, rule by rule.")
        if is_new
        else _("The rules are being checked already."),
        "good",
    )
    return redirect(CHECKS)


@import_checks.get("/<rule>")
@staff(Permission.IMPORT)
def show(rule: str) -> str:
    """Show the first rows that break a rule."""
    if rule not in RULES_BY_NAME:
        abort(404)
    session = current_session()
    check = session.get(ImportCheck, rule)
    rows = [_row(each) for each in check.rows] if check else []
    return render_staff_page(
        "imports/rule.html",
        rule=_line(RULES_BY_NAME[rule], check),
        rows=rows,
        more=spell(check.count - len(rows)) if check and check.count > len(rows) else "",
        is_checking=is_checking(session),
    )


@import_checks.route("/mend", methods=BOTH)
@staff(Permission.IMPORT)
def try_again() -> ResponseReturnValue:
    """Let renewals go on that an import had stopped and whose rules hold now."""
    form, stopped = Form(), _count_stopped(current_session())
    if request.method == "GET" or not form.validate():
        page = render_staff_page("imports/mend.html", form=form, stopped=stopped)
        return page, 200 if request.method == "GET" else 422
    mended = _mend_all()
    flash(" ".join(_tell(mended)), "good" if mended.active else "warn")
    return redirect(CHECKS)


def _mend_all() -> Mended:
    """Let them go on, some hundred at a time: whoever waits for one of their readers waits a moment."""
    mended, after = Mended(), 0
    while True:
        with transaction() as session:
            some = mend(session, after=after)
        with transaction() as session:
            mended.add(some, heed_late_stops(session, some.began))
        if some.next_after is None:
            return mended
        after = some.next_after


def _tell(mended: Mended) -> Iterator[str]:
    """Say what became of those that were stopped, each sort of them once."""
    yield ngettext("%(num)s renewal is active now.", "%(num)s renewals are active now.", mended.active)
    if mended.broken:
        yield ngettext(
            "%(num)s still breaks a rule and stays stopped.",
            "%(num)s still break a rule and stay stopped.",
            mended.broken,
        )
    if mended.past:
        yield ngettext(
            "%(num)s breaks no rule, but its date is past: import it again with the leave to charge it at once.",
            "%(num)s break no rule, but their date is past: import them again with the leave to charge them at once.",
            mended.past,
        )
    if mended.stopped_by_reader:
        yield ngettext(
            "Of %(num)s the reader wrote STOP meanwhile: it stays stopped for good.",
            "Of %(num)s the readers wrote STOP meanwhile: they stay stopped for good.",
            mended.stopped_by_reader,
        )


def _sum_up(rules: Sequence[RuleLine]) -> str:
    """Say in a sentence or two what the checks found, also to those who only hear of it."""
    broken = sum(rule.state is BROKEN for rule in rules)
    unchecked = sum(rule.state is UNCHECKED for rule in rules)
    told = []
    if broken:
        told.append(ngettext("%(num)s rule is broken.", "%(num)s rules are broken.", broken))
    if unchecked:
        told.append(
            ngettext("%(num)s rule is not checked yet.", "%(num)s rules are not checked yet.", unchecked)
        )
    return " ".join(told) or _("All rules hold.")


def _line(rule: Rule, check: ImportCheck | None) -> RuleLine:
    state = UNCHECKED if check is None else BROKEN if check.count else KEPT
    return RuleLine(
        name=rule.name,
        href=f"{CHECKS}/{rule.name}",
        meaning=_(rule.meaning),
        mend=_(rule.mend),
        state=state,
        count=spell(check.count) if check else "",
        checked_at=check.checked_at if check else None,
    )


def _row(row: Mapping[str, Any]) -> BrokenRow:
    kind, row_id = str(row.get("kind", "")), row.get("id")
    name, page = KINDS.get(kind, ("%(id)s", ""))
    details = [f"{key}: {value}" for key, value in row.items() if key not in ("kind", "id")]
    return BrokenRow(
        name=_(name) % {"id": row_id}, href=f"{page}{row_id}" if page else "", details=", ".join(details)
    )


def _count_stopped(session: Session) -> int:
    return session.execute(select(func.count()).select_from(ImportStop)).scalar_one()
