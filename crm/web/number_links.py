"""Link a number to a person, and unlink it: see what it means, say why, do it."""

from typing import Any

from flask import Blueprint, flash, redirect, request
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from wtforms import HiddenField

from crm.core.db import current_session, transaction
from crm.core.phone import InvalidPhoneError, to_international
from crm.users import administration
from crm.users.administration import may_bind_number
from crm.users.errors import NoNumberError, PhoneTakenError, StaffNumberError
from crm.users.models import KnownNumber, User
from crm.users.numbers import list_number_ids
from crm.users.phone_history import list_links
from crm.users.phones import find_phones_of
from crm.users.roles import Permission
from crm.users.sessions import list_sessions
from crm.web.error_pages import ForbiddenError
from crm.web.guards import staff
from crm.web.message_pages import spaced, unbroken
from crm.web.number_page import as_owner, find_number_or_404, find_owner, link_lines
from crm.web.page_tools import render_staff_page
from crm.web.person_page import get_person
from crm.web.reason_form import ReasonForm
from crm.web.session import get_signed_in

number_links = Blueprint("number_links", __name__)

BOTH = ("GET", "POST")


class UnlinkForm(ReasonForm):
    """Why the number is taken from the person whom the page has shown."""

    user_id = HiddenField()


@number_links.route("/<int:number_id>/link/<int:user_id>", methods=BOTH)
@staff(Permission.ANSWER)
def link(number_id: int, user_id: int) -> ResponseReturnValue:
    """Link the number to the person."""
    form = ReasonForm()
    if request.method == "GET":
        return _link_page(form, number_id, user_id)
    if not form.validate():
        return _link_page(form, number_id, user_id), 422
    try:
        name = _link(form, number_id, user_id)
    except (PhoneTakenError, InvalidPhoneError):
        return _link_page(form, number_id, user_id), 409
    flash(_("The number belongs to %(name)s now. Codes by SMS go there.", name=name), "good")
    return redirect(f"/admin/phone-numbers/{number_id}")


@number_links.route("/<int:number_id>/unlink", methods=BOTH)
@staff(Permission.ANSWER)
def unlink(number_id: int) -> ResponseReturnValue:
    """Take the number from the person who has it."""
    form = UnlinkForm()
    if request.method == "GET":
        return _unlink_page(form, number_id)
    if not form.validate():
        return _unlink_page(form, number_id), 422
    try:
        name = _unlink(form, number_id)
    except NoNumberError:
        return _unlink_page(form, number_id, is_changed=True), 409
    flash(_("The number belongs to nobody now. Every sign-in of %(name)s has ended.", name=name), "good")
    return redirect(f"/admin/phone-numbers/{number_id}")


def _link(form: ReasonForm, number_id: int, user_id: int) -> str:
    """Do it, and return who has the number now.

    Raises: PhoneTakenError, InvalidPhoneError, ForbiddenError.
    """
    with transaction() as session:
        number, user = find_number_or_404(session, number_id), get_person(session, user_id)
        role, reason = get_signed_in().role, form.told("reason").strip()
        try:
            administration.link_number(session, user, number.number, by_role=role, reason=reason)
        except StaffNumberError as error:
            raise ForbiddenError(error.message) from error
        return user.public_name


def _unlink(form: UnlinkForm, number_id: int) -> str:
    """Do it, and return who has had the number.

    Raises: NoNumberError if it is not that of the person whom the page has shown, ForbiddenError.
    """
    with transaction() as session:
        number = find_number_or_404(session, number_id)
        owner = find_owner(session, number)
        if owner is None or form.told("user_id") != str(owner.id):
            raise NoNumberError
        role, reason = get_signed_in().role, form.told("reason").strip()
        try:
            administration.unlink_number(session, owner, by_role=role, reason=reason, phone=number.local)
        except StaffNumberError as error:
            raise ForbiddenError(error.message) from error
        return owner.public_name


def _link_page(form: ReasonForm, number_id: int, user_id: int) -> str:
    session = current_session()
    number, user = find_number_or_404(session, number_id), get_person(session, user_id)
    _check_may_bind(user)
    owner = find_owner(session, number)
    return render_staff_page(
        "number_links/link.html",
        form=form,
        person=as_owner(user),
        owner=as_owner(owner) if owner and owner.id != user.id else None,
        is_theirs=owner is not None and owner.id == user.id,
        theirs=_number_of(user),
        earlier=link_lines(session, list_links(session, number.local)) if number.local else [],
        **_about(number),
    )


def _unlink_page(form: UnlinkForm, number_id: int, *, is_changed: bool = False) -> str:
    session = current_session()
    number = find_number_or_404(session, number_id)
    owner = find_owner(session, number)
    if owner is not None:
        _check_may_bind(owner)
        form.user_id.data = str(owner.id)
    return render_staff_page(
        "number_links/unlink.html",
        form=form,
        owner=as_owner(owner) if owner else None,
        sign_ins=len(list_sessions(session, owner.id)) if owner else 0,
        is_changed=is_changed,
        **_about(number),
    )


def _about(number: KnownNumber) -> dict[str, Any]:
    return {"number": number, "shown": unbroken(spaced(number.number))}


def _number_of(user: User) -> tuple[str, str] | None:
    """Return the number that the person has already, and the address of its page."""
    session = current_session()
    local = find_phones_of(session, [user.id]).get(user.id)
    if local is None:
        return None
    [number_id] = list_number_ids(session, [to_international(local)]).values()
    return spaced(local), f"/admin/phone-numbers/{number_id}"


def _check_may_bind(user: User) -> None:
    """Let nobody look at a form that would be refused; the service checks it again.

    Raises: ForbiddenError.
    """
    if not may_bind_number(get_signed_in().role, user.role):
        raise ForbiddenError(StaffNumberError().message)
