"""What staff do to one person on a page of its own, which says what will happen."""

from collections.abc import Callable, Sequence

from flask import Blueprint, flash, redirect, request
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from sqlalchemy.orm import Session

from crm.core.db import current_session, transaction
from crm.core.errors import ConflictError, CrmError, InvalidInputError
from crm.core.phone import InvalidPhoneError
from crm.users import administration
from crm.users.administration import Details
from crm.users.errors import EmailTakenError, InvalidUserError, PhoneTakenError
from crm.users.models import User
from crm.users.phones import find_phones_of
from crm.users.roles import MEANINGS, PERMISSIONS, Permission, Role
from crm.users.sessions import list_sessions
from crm.web.forms import Form
from crm.web.guards import staff
from crm.web.languages import told
from crm.web.message_pages import spaced
from crm.web.page_tools import render_staff_page
from crm.web.person_forms import NumberForm, PersonForm, RoleForm
from crm.web.person_page import get_person
from crm.web.reason_form import ReasonForm
from crm.web.session import get_signed_in

person_acts = Blueprint("person_acts", __name__)

Act = Callable[[Session, User], str]
BOTH = ("GET", "POST")
# Beside which field a refusal stands; any other stands at the top of the page.
FIELDS: tuple[tuple[type[CrmError], str], ...] = (
    (EmailTakenError, "email"),
    (InvalidUserError, "email"),
    (PhoneTakenError, "phone"),
    (InvalidPhoneError, "phone"),
)


@person_acts.route("/<int:user_id>/edit", methods=BOTH)
@staff(Permission.MANAGE_PEOPLE)
def edit(user_id: int) -> ResponseReturnValue:
    """Write down who the person is."""
    user = get_person(current_session(), user_id)
    form = PersonForm(data={name: getattr(user, name) or "" for name in Details.__dataclass_fields__})
    details = Details(**{name: form.told(name) for name in Details.__dataclass_fields__})

    def act(session: Session, user: User) -> str:
        changed = administration.edit_person(session, user, details)
        return _("Saved.") if changed else _("Nothing was changed.")

    return _act("edit", form, user_id, act)


@person_acts.route("/<int:user_id>/role", methods=BOTH)
@staff(Permission.MANAGE_PEOPLE, confirmed=True)
def role(user_id: int) -> ResponseReturnValue:
    """Give the person another role."""
    form = RoleForm(obj=get_person(current_session(), user_id))

    def act(session: Session, user: User) -> str:
        administration.set_role(session, user, form.told("role"), reason=form.told("reason").strip())
        return _("The role is %(role)s now.", role=_(form.told("role")))

    return _act("role", form, user_id, act)


@person_acts.route("/<int:user_id>/number", methods=BOTH)
@staff(Permission.MANAGE_PEOPLE)
def link_number(user_id: int) -> ResponseReturnValue:
    """Link a number to the person."""
    form = NumberForm()

    def act(session: Session, user: User) -> str:
        local = administration.link_number(
            session,
            user,
            form.told("phone"),
            by_role=get_signed_in().role,
            reason=form.told("reason").strip(),
        )
        return _("The number %(number)s is linked.", number=spaced(local))

    return _act("link_number", form, user_id, act)


@person_acts.route("/<int:user_id>/number/unlink", methods=BOTH)
@staff(Permission.MANAGE_PEOPLE)
def unlink_number(user_id: int) -> ResponseReturnValue:
    """Take the number from the person."""
    form = ReasonForm()

    def act(session: Session, user: User) -> str:
        local = administration.unlink_number(
            session, user, by_role=get_signed_in().role, reason=form.told("reason").strip()
        )
        return _("The number %(number)s is unlinked.", number=spaced(local))

    return _act("unlink_number", form, user_id, act)


@person_acts.route("/<int:user_id>/deactivate", methods=BOTH)
@staff(Permission.MANAGE_PEOPLE)
def deactivate(user_id: int) -> ResponseReturnValue:
    """Close the account."""
    form = ReasonForm()

    def act(session: Session, user: User) -> str:
        administration.deactivate(session, user, reason=form.told("reason").strip())
        return _("The account is closed.")

    return _act("deactivate", form, user_id, act)


@person_acts.route("/<int:user_id>/activate", methods=BOTH)
@staff(Permission.MANAGE_PEOPLE)
def activate(user_id: int) -> ResponseReturnValue:
    """Open the account again."""
    form = ReasonForm()

    def act(session: Session, user: User) -> str:
        administration.activate(session, user, reason=form.told("reason").strip())
        return _("The account is active again.")

    return _act("activate", form, user_id, act)


def _act(page: str, form: Form, user_id: int, act: Act) -> ResponseReturnValue:
    """Show the page; when the form is sent and sound, do it and go back to the person."""
    if request.method == "GET":
        return _page(page, form, user_id)
    if not form.validate():
        return _page(page, form, user_id), 422
    try:
        with transaction() as session:
            done = act(session, get_person(session, user_id))
    except (ConflictError, InvalidInputError) as error:
        return _refused(page, form, user_id, error)
    flash(done, "good")
    return redirect(f"/admin/users/{user_id}")


def _refused(page: str, form: Form, user_id: int, error: CrmError) -> ResponseReturnValue:
    name = next((name for kind, name in FIELDS if isinstance(error, kind) and name in form), None)
    if name is None:
        return _page(page, form, user_id, [told(error)]), 409
    form[name].errors = [told(error)]
    return _page(page, form, user_id), 422


def _page(page: str, form: Form, user_id: int, problems: Sequence[str] = ()) -> str:
    session = current_session()
    user = get_person(session, user_id)
    number = find_phones_of(session, [user_id]).get(user_id)
    return render_staff_page(
        f"person_acts/{page}.html",
        form=form,
        user=user,
        number=spaced(number) if number else None,
        sign_ins=len(list_sessions(session, user_id)),
        problems=list(problems),
        roles=list(Role),
        meanings=MEANINGS,
        permissions=PERMISSIONS,
    )
