"""What an editor does to one rule: move it, switch it on or off, delete it on a page that says what that means."""

from flask import Blueprint, flash, redirect, request
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from crm.core.db import current_session, transaction
from crm.mobiletech.rules.checks import list_faults
from crm.mobiletech.rules.editing import delete_rule, move_rule, switch_rule
from crm.mobiletech.rules.errors import Part, RuleNotFoundError, RuleRefusedError
from crm.mobiletech.rules.queries import COUNTED, count_matches, get_rule, read_rules
from crm.users.roles import Permission
from crm.web.flashes import Undo, flash_undoable
from crm.web.forms import Form
from crm.web.guards import staff
from crm.web.ids import LARGEST_ID
from crm.web.languages import told
from crm.web.page_tools import render_staff_page
from crm.web.rule_words import quoted

rule_acts = Blueprint("rule_acts", __name__)

WAYS = {"up": True, "down": False}
SWITCHES = {"on": True, "off": False}


@rule_acts.post("/<int:rule_id>/move")
@staff(Permission.EDIT_RULES)
def move(rule_id: int) -> ResponseReturnValue:
    """Let the rule change places with its neighbour."""
    way = request.form.get("way", "")
    moved, name = False, ""
    if way in WAYS:
        with transaction() as session:
            name = get_rule(session, _known(rule_id)).text
            moved = move_rule(session, rule_id, up=WAYS[way])
    if moved:
        ids = [rule.id for rule in read_rules(current_session())]
        flash(_("%(rule)s is number %(place)s now.", rule=quoted(name), place=ids.index(rule_id) + 1), "good")
    # Back to the row, to press again; a warning stands at the top of the page.
    return redirect("/admin/rules" if _warn() else f"/admin/rules#rule-{rule_id}")


@rule_acts.post("/<int:rule_id>/switch")
@staff(Permission.EDIT_RULES)
def switch(rule_id: int) -> ResponseReturnValue:
    """Switch the rule on or off; Undo does the other."""
    to = request.form.get("to", "")
    switched, name = False, ""
    if to in SWITCHES:
        with transaction() as session:
            name = get_rule(session, _known(rule_id)).text
            switched = switch_rule(session, rule_id, on=SWITCHES[to])
    if switched:
        words = (
            _("%(rule)s is on and acts from now on.")
            if SWITCHES[to]
            else _("%(rule)s is off: the rules below it are asked, then the SMS waits in the inbox.")
        )
        back = "off" if SWITCHES[to] else "on"
        undo = Undo(action=f"/admin/rules/{rule_id}/switch", label=_("Undo"), fields={"to": back})
        flash_undoable(words % {"rule": quoted(name)}, undo)
        _warn()
    return redirect("/admin/rules")


@rule_acts.route("/<int:rule_id>/delete", methods=("GET", "POST"))
@staff(Permission.EDIT_RULES)
def delete(rule_id: int) -> ResponseReturnValue:
    """Say what deleting does, and do it."""
    form = Form()
    if request.method == "GET" or not form.validate():
        return _delete_page(form, rule_id)
    with transaction() as session:
        name = get_rule(session, _known(rule_id)).text
        delete_rule(session, rule_id)
    flash(_("The rule %(rule)s is deleted. What it answered keeps its trace.", rule=quoted(name)), "good")
    return redirect("/admin/rules")


def _delete_page(form: Form, rule_id: int) -> str:
    session = current_session()
    rule = get_rule(session, _known(rule_id))
    return render_staff_page(
        "rules/delete.html",
        form=form,
        rule=rule,
        matches=count_matches(session).get(rule_id, 0),
        counted=COUNTED,
    )


def _warn() -> bool:
    """Tell at once of rules that are never asked in the order as it is; return whether there are any."""
    known = read_rules(current_session())
    faults = list_faults(current_session(), known)
    shadowed = [rule for rule in known if rule.is_on and _is_shadowed(faults.get(rule.id))]
    for rule in shadowed:
        flash(f"{quoted(rule.text)}: {told(faults[rule.id])}", "warn")
    return bool(shadowed)


def _is_shadowed(fault: RuleRefusedError | None) -> bool:
    return fault is not None and fault.part is Part.BEFORE


def _known(rule_id: int) -> int:
    """Raises: RuleNotFoundError for what can be no id."""
    if rule_id > LARGEST_ID:
        raise RuleNotFoundError(rule_id)
    return rule_id
