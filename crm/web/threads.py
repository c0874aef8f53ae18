"""The conversation with one number: read it, answer it, write a note on it."""

from flask import Blueprint, flash, redirect, request
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import ngettext

from crm.core.db import current_session, transaction
from crm.core.errors import ConflictError
from crm.mobiletech.conversations import inbox, notes
from crm.mobiletech.conversations.answers import Answer, send_answer
from crm.mobiletech.models import NotSent, OutboundMessage
from crm.mobiletech.wire.sms_text import measure
from crm.mobiletech.wishes import Reason
from crm.mobiletech.words import REASON_WORDS
from crm.users.roles import Permission
from crm.web.flashes import Undo, flash_link, flash_undoable
from crm.web.guards import staff
from crm.web.ids import LARGEST_ID
from crm.web.languages import told
from crm.web.retelling import retell
from crm.web.session import get_signed_in
from crm.web.thread_forms import AnswerForm, NoteForm
from crm.web.thread_page import get_number, read_place, render_thread, thread_href

threads = Blueprint("threads", __name__)


@threads.get("/<int:number_id>")
@staff(Permission.READ)
def show(number_id: int) -> ResponseReturnValue:
    """Show the end of the conversation, or the piece that the address asks for."""
    place = read_place(number_id)
    shown = render_thread(number_id, place=place)
    return (shown, 400) if place.problem else shown


@threads.post("/<int:number_id>")
@staff(Permission.ANSWER)
def answer(number_id: int) -> ResponseReturnValue:
    """Send a free answer, or only show how it will look; one of several parts says so before it goes."""
    form = AnswerForm()
    get_number(current_session(), number_id)
    if not form.validate():
        return render_thread(number_id, answer=form), 422
    if "preview" in request.form:
        return render_thread(number_id, answer=form)
    parts = measure(form.text).parts
    if parts > form.told_parts:
        return render_thread(number_id, answer=form, problems=[_parts_sentence(parts)]), 422
    return _send(number_id, form)


@threads.post("/<int:number_id>/notes")
@staff(Permission.ANSWER)
def add_note(number_id: int) -> ResponseReturnValue:
    """Write a note for colleagues."""
    form = NoteForm()
    if not form.validate():
        return render_thread(number_id, note=form), 422
    text = form.told("note").replace("\r\n", "\n").strip()
    with transaction() as session:
        number = get_number(session, number_id)
        note_id = notes.add_note(session, number.id, text, author_id=get_signed_in().id).id
    flash_undoable(_("The note is written. Only staff read it."), _undo(number_id, note_id, "withdraw"))
    return redirect(thread_href(number_id))


@threads.post("/<int:number_id>/notes/<int:note_id>/withdraw")
@staff(Permission.ANSWER)
def withdraw_note(number_id: int, note_id: int) -> ResponseReturnValue:
    """Take an own note back."""
    with transaction() as session:
        notes.withdraw_note(session, min(note_id, LARGEST_ID), author_id=get_signed_in().id)
    flash_undoable(_("The note is taken back."), _undo(number_id, note_id, "restore"))
    return redirect(thread_href(number_id))


@threads.post("/<int:number_id>/notes/<int:note_id>/restore")
@staff(Permission.ANSWER)
def restore_note(number_id: int, note_id: int) -> ResponseReturnValue:
    """Put an own note back."""
    with transaction() as session:
        notes.restore_note(session, min(note_id, LARGEST_ID), author_id=get_signed_in().id)
    flash(_("The note is back."), "good")
    return redirect(thread_href(number_id))


def _send(number_id: int, form: AnswerForm) -> ResponseReturnValue:
    person = get_signed_in()
    words = Answer(content=form.text, author_id=person.id, nonce=form.told("nonce"), seen_id=form.seen_id)
    try:
        with transaction() as session:
            made = send_answer(session, get_number(session, number_id), words)
            waiting = [
                item.id for item in inbox.list_open_of(session, number_id) if item.id <= form.waiting_id
            ]
            if isinstance(made, OutboundMessage) and form.finish.data and waiting:
                inbox.finish(session, waiting, by=person.id)
    except ConflictError as error:
        return render_thread(number_id, answer=form, problems=[told(error)]), 409
    if isinstance(made, NotSent):
        form.content.errors = [_reason(made)]
        return render_thread(number_id, answer=form), 422
    flash_link(
        _("The answer is on its way. An SMS cannot be taken back."),
        f"/admin/messages/outbound/{made.id}",
        _("Show the message"),
    )
    return redirect(thread_href(number_id))


def _reason(refused: NotSent) -> str:
    word = REASON_WORDS.get(Reason(refused.reason)) if refused.reason in set(Reason) else None
    return f"{_(word)}. {retell(refused.detail)}" if word else retell(refused.detail)


def _parts_sentence(parts: int) -> str:
    return str(
        ngettext(
            "The text goes in %(num)s part. Send it so, or make it shorter.",
            "The text goes in %(num)s parts. Send it so, or make it shorter.",
            parts,
        )
    )


def _undo(number_id: int, note_id: int, act: str) -> Undo:
    return Undo(action=f"{thread_href(number_id)}/notes/{note_id}/{act}", label=_("Undo"))
