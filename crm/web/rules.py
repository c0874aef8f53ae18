"""The keyword rules: list them in their order, try a text, write one and see first what it would have done."""

from collections.abc import Sequence
from datetime import UTC, datetime

from flask import Blueprint, flash, redirect, request
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from sqlalchemy.orm import Session

from crm.core.db import current_session, transaction
from crm.mobiletech.rules.checks import check_draft
from crm.mobiletech.rules.deciding import KeywordRule
from crm.mobiletech.rules.editing import Place, create_rule, edit_rule, place_rule
from crm.mobiletech.rules.errors import RuleNotFoundError, RuleRefusedError, StaleRuleError
from crm.mobiletech.rules.past import Past, look_back
from crm.mobiletech.rules.queries import get_rule, read_rules
from crm.mobiletech.rules.shadows import list_shadowed
from crm.mobiletech.stop_words import STOP_WORDS
from crm.users.audit_log import list_acts_on
from crm.users.roles import Permission
from crm.web.act_words import as_line
from crm.web.guards import staff
from crm.web.ids import LARGEST_ID
from crm.web.languages import told
from crm.web.page_tools import render_staff_page
from crm.web.rule_choices import fill_choices, fill_try_choices, find_start
from crm.web.rule_forms import RuleForm, TryForm
from crm.web.rule_pages import Trial, list_past, list_rows, may_edit, try_text
from crm.web.rule_words import quoted

rules = Blueprint("rules", __name__)


@rules.get("")
@staff(Permission.READ)
def show_list() -> str:
    """List the rules in their order, STOP before them."""
    return _list_page(TryForm())


@rules.post("/try")
@staff(Permission.READ)
def try_() -> ResponseReturnValue:
    """Show step by step what would become of a text; nothing is stored, nothing is sent."""
    form, session = TryForm(), current_session()
    if not form.validate():
        return _list_page(form), 422
    trial = try_text(session, form.told("content"), form.told("to"), read_rules(session))
    return _list_page(form, trial)


@rules.get("/new")
@staff(Permission.EDIT_RULES)
def write_new() -> str:
    """Show an empty form, or one with the text of an SMS that waits in the inbox."""
    session = current_session()
    start = find_start(session, request.args.get("inbox", ""))
    return _page(
        RuleForm(formdata=None, data={"match": "exact", "action": "reply", "before": "", **start}), None
    )


@rules.post("/new")
@staff(Permission.EDIT_RULES)
def create() -> ResponseReturnValue:
    """Show what the rule would have done of late, and save it once that was seen."""
    form = RuleForm()
    refused = _refused_or_unseen(form, None)
    if refused is not None:
        return refused
    try:
        with transaction() as session:
            create_rule(session, form.read_draft(), place=Place(before=form.read_before()))
    except RuleRefusedError as error:
        return _refuse(form, None, error)
    flash(
        _("The rule %(rule)s is saved and acts from now on.", rule=quoted(form.told("text").strip())), "good"
    )
    return redirect("/admin/rules")


@rules.get("/<int:rule_id>")
@staff(Permission.READ)
def show(rule_id: int) -> str:
    """Show one rule in the form, and what was done to it."""
    session = current_session()
    rule = _find(session, rule_id)
    row = get_rule(session, rule_id)
    start = {
        "text": rule.text,
        "match": rule.match,
        "short_number": rule.short_number or "",
        "action": rule.action,
        "template": rule.template or "",
        "extension": rule.extension or "",
        "subscription_type": rule.subscription_type or "",
        "asks_first": rule.asks_first,
        "before": str(_next_of(session, rule_id) or ""),
        "seen_at": row.updated_at.isoformat(),
    }
    return _page(RuleForm(formdata=None, data=start), rule)


@rules.post("/<int:rule_id>")
@staff(Permission.EDIT_RULES)
def save(rule_id: int) -> ResponseReturnValue:
    """Show what the changed rule would have done of late, and save it once that was seen."""
    form, rule = RuleForm(), _find(current_session(), rule_id)
    refused = _refused_or_unseen(form, rule)
    if refused is not None:
        return refused
    current_session().rollback()
    try:
        with transaction() as session:
            place = Place(before=form.read_before())
            changed = edit_rule(
                session, rule_id, form.read_draft(), place=place, seen_at=_moment(form.told("seen_at"))
            )
    except StaleRuleError as error:
        return _stale(form, rule_id, error)
    except RuleRefusedError as error:
        return _refuse(form, rule, error)
    saved = _("The rule %(rule)s is saved.", rule=quoted(form.told("text").strip()))
    flash(saved if changed else _("Nothing was changed."), "good")
    return redirect("/admin/rules")


def _refused_or_unseen(form: RuleForm, rule: KeywordRule | None) -> ResponseReturnValue | None:
    """Return the page to show instead of saving: what is wrong, or what nobody has looked at yet."""
    if not form.validate():
        return _page(form, rule), 422
    is_seen = form.told("previewed") == form.mark()
    if is_seen and "preview" not in request.form:
        return None
    session = current_session()
    today = read_rules(session)
    try:
        made = check_draft(session, form.read_draft(), rule)
        order = place_rule(today, made, Place(before=form.read_before()))
    except RuleRefusedError as error:
        return _refuse(form, rule, error)
    form.previewed.data = form.mark()
    taken = list_shadowed(made, order[order.index(made) + 1 :])
    return _page(form, rule, past=look_back(session, made, order, today=today), taken=taken)


def _refuse(form: RuleForm, rule: KeywordRule | None, error: RuleRefusedError) -> ResponseReturnValue:
    form[error.part].errors = [told(error)]
    return _page(form, rule), 422


def _stale(form: RuleForm, rule_id: int, error: StaleRuleError) -> ResponseReturnValue:
    """Keep what was typed above what came between; saving again puts it on top, knowingly."""
    session = current_session()
    form.seen_at.data = get_rule(session, rule_id).updated_at.isoformat()
    advice = _(
        "Yours is still in the form; what was changed stands below. Saving again puts yours on top of it."
    )
    return _page(form, _find(session, rule_id), problems=[told(error), advice]), 409


def _list_page(form: TryForm, trial: Trial | None = None) -> str:
    session = current_session()
    fill_try_choices(session, form)
    known = read_rules(session)
    return render_staff_page(
        "rules/list.html",
        rows=list_rows(session, known),
        stop_words=sorted(STOP_WORDS),
        form=form,
        trial=trial,
        may_edit=may_edit(),
    )


def _page(
    form: RuleForm,
    rule: KeywordRule | None,
    *,
    past: Past | None = None,
    taken: Sequence[KeywordRule] = (),
    problems: Sequence[str] = (),
) -> str:
    session = current_session()
    fill_choices(session, form, rule)
    return render_staff_page(
        "rules/edit.html",
        form=form,
        rule=rule,
        past=past,
        examples=list_past(past) if past else [],
        taken=[quoted(each.text) for each in taken],
        history=[as_line(entry) for entry in list_acts_on(session, f"rule {rule.id}")] if rule else [],
        problems=list(problems),
        may_edit=may_edit(),
    )


def _find(session: Session, rule_id: int) -> KeywordRule:
    """Raises: RuleNotFoundError, also for what can be no id."""
    found = next((rule for rule in read_rules(session) if rule.id == rule_id), None)
    if found is None:
        raise RuleNotFoundError(min(rule_id, LARGEST_ID))
    return found


def _next_of(session: Session, rule_id: int) -> int | None:
    ids = [rule.id for rule in read_rules(session)]
    place = ids.index(rule_id) + 1
    return ids[place] if place < len(ids) else None


def _moment(text: str) -> datetime | None:
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        return datetime.min.replace(tzinfo=UTC)  # nobody has seen a rule then: it is told as changed
