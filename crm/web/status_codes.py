"""The dictionary of the gateway's codes: those that nobody has described, those with words, the general rule."""

from dataclasses import dataclass
from datetime import datetime

from flask import Blueprint, flash, redirect, request
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from sqlalchemy.orm import Session

from crm.core.db import current_session, transaction
from crm.core.errors import N_, InvalidInputError, NotFoundError
from crm.mobiletech.catalogue.models import StatusCode
from crm.mobiletech.catalogue.status_codes import (
    CLASSES,
    CODE,
    KNOWN_CODES,
    SEEN_IN,
    CodeDetails,
    Default,
    ReasonClass,
    SeenCode,
    default_of,
    describe_code,
    key_of,
    list_seen,
    read_dictionary,
    restore_code,
)
from crm.users.roles import Permission
from crm.web.catalogue_forms import NewStatusCodeForm, StatusCodeForm
from crm.web.entry_errors import put_beside
from crm.web.flashes import Undo, flash_undoable
from crm.web.guards import staff
from crm.web.languages import read_translations
from crm.web.money import thousands
from crm.web.page_tools import render_staff_page
from crm.web.status_words import SLOVAK, CodeWords, explain_code

status_codes = Blueprint("status_codes", __name__)

LIST = "/admin/settings/status-codes"
# How codes without words of their own are told: in which range, and one code of it.
GENERAL = (
    (N_("A1 to A1023"), "A1"),
    (N_("A1024 and higher"), "A1024"),
    (N_("D2 and higher"), "D2"),
    (N_("Anything else"), "?"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One code of the list; without `href` it cannot be described."""

    code: str
    href: str | None
    words: CodeWords
    kind: str
    times: int = 0
    last_at: datetime | None = None


@status_codes.get("")
@staff(Permission.MANAGE_SETTINGS)
def show_list() -> str:
    """List the codes that nobody has described first, for they are work."""
    session = current_session()
    seen = {each.code: each for each in list_seen(session)}
    described = read_dictionary(session)
    known = [*KNOWN_CODES, *(code for code in described if code not in KNOWN_CODES)]
    return render_staff_page(
        "status_codes/list.html",
        unknown=[_row(code, seen) for code in seen if code not in known],
        known=[_row(code, seen) for code in known],
        general=[(_(label), explain_code(code, None)) for label, code in GENERAL],
        classes=CLASSES,
        seen_in=thousands(SEEN_IN),
    )


@status_codes.get("/new")
@staff(Permission.MANAGE_SETTINGS, confirmed=True)
def write_new() -> str:
    """Show an empty form."""
    code = request.args.get("code", "")
    return _page(_only_possible(NewStatusCodeForm(formdata=None, code=code), None), None)


@status_codes.post("/new")
@staff(Permission.MANAGE_SETTINGS, confirmed=True)
def create() -> ResponseReturnValue:
    """Describe a code that has not come yet."""
    form = _only_possible(NewStatusCodeForm(), None)
    return _save(form, form.told("code"), None)


@status_codes.get("/<status_code>")
@staff(Permission.MANAGE_SETTINGS, confirmed=True)
def write_edit(status_code: str) -> str:
    """Show one code with the form."""
    code = _get_code(status_code)
    row = current_session().get(StatusCode, code)
    return _page(_only_possible(StatusCodeForm(formdata=None, data=_values(code, row)), code), code)


@status_codes.post("/<status_code>")
@staff(Permission.MANAGE_SETTINGS, confirmed=True)
def save(status_code: str) -> ResponseReturnValue:
    """Write down what a code means."""
    code = _get_code(status_code)
    return _save(_only_possible(StatusCodeForm(), code), code, code)


@status_codes.post("/<status_code>/restore")
@staff(Permission.MANAGE_SETTINGS, confirmed=True)
def restore(status_code: str) -> ResponseReturnValue:
    """Let the words that we bring hold again."""
    code = _get_code(status_code)
    with transaction() as session:
        said = _values(code, session.get(StatusCode, code))
        is_restored = restore_code(session, code)
    if is_restored:
        flash_undoable(
            _("%(code)s is told in the words that came with the product.", code=code),
            Undo(action=f"{LIST}/{code}", label=_("Undo"), fields=said),
        )
    return redirect(LIST)


def _save(form: StatusCodeForm, code: str, known: str | None) -> ResponseReturnValue:
    if not form.validate():
        return _page(form, known), 422
    words = {name: form.told(name) for name in ("meaning_sk", "meaning_en", "advice_sk", "advice_en")}
    try:
        with transaction() as session:
            is_changed = describe_code(session, code, CodeDetails(reason=form.told("kind"), **words))
    except InvalidInputError as error:
        put_beside(form, error, otherwise="kind")
        return _page(form, known), 422
    done = _("%(code)s is told so on every page from now on.", code=key_of(code.strip()))
    flash(done if is_changed else _("Nothing was changed."), "good")
    return redirect(LIST)


def _page(form: StatusCodeForm, code: str | None) -> str:
    session = current_session()
    return render_staff_page(
        "status_codes/edit.html",
        form=form,
        code=code,
        default=default_of(code) if code else None,
        seen=_find_seen(session, code) if code else None,
        is_described=code is not None and session.get(StatusCode, code) is not None,
        classes=CLASSES,
        seen_in=thousands(SEEN_IN),
    )


def _find_seen(session: Session, code: str) -> SeenCode | None:
    return next((each for each in list_seen(session) if each.code == code), None)


def _get_code(code: str) -> str:
    """Return the code as it is described.

    Raises: NotFoundError for what can be no code.
    """
    if not CODE.fullmatch(code):
        raise NotFoundError(N_("There is no such code."))
    return key_of(code)


def _only_possible(form: StatusCodeForm, code: str | None) -> StatusCodeForm:
    """Offer the kinds that the gateway's own rule allows: words do not make a success of a failure."""
    is_success = code is not None and default_of(code).reason is ReasonClass.SUCCESS
    form.kind.choices = [
        choice for choice in form.kind.choices if (choice.value == ReasonClass.SUCCESS) == is_success
    ]
    return form


def _values(code: str, row: StatusCode | None) -> dict[str, str]:
    """Return what the form begins with: staff's words, or those that we bring, in both languages."""
    if row is not None:
        names = ("meaning_sk", "meaning_en", "advice_sk", "advice_en")
        return {"kind": row.reason, **{name: getattr(row, name) for name in names}}
    if code not in KNOWN_CODES:
        return {}
    default: Default = default_of(code)
    slovak = read_translations(SLOVAK)
    word, advice = default.word.word, default.advice
    return {
        "kind": default.reason,
        "meaning_sk": slovak.ugettext(word),
        "meaning_en": word,
        "advice_sk": slovak.ugettext(advice) if advice else "",
        "advice_en": advice,
    }


def _row(code: str, seen: dict[str, SeenCode]) -> Row:
    words, times = explain_code(code, None), seen.get(code)
    return Row(
        code=code,
        href=f"{LIST}/{code}" if CODE.fullmatch(code) else None,
        words=words,
        kind=_(CLASSES[words.kind].name),
        times=times.times if times else 0,
        last_at=times.last_at if times else None,
    )
