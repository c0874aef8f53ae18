"""What staff write about a number for each other: never sent, taken back by whoever wrote it."""

from sqlalchemy import select
from sqlalchemy.orm import Session

from crm.core.clock import db_now
from crm.mobiletech.conversations.errors import NoteNotFoundError
from crm.mobiletech.conversations.models import Note
from crm.users.audit_log import record_act


def add_note(session: Session, number_id: int, content: str, *, author_id: int) -> Note:
    """Add a note to the conversation with a number."""
    note = Note(number_id=number_id, content=content, author_id=author_id)
    session.add(note)
    session.flush()
    record_act(session, "note.add", f"thread {number_id}", after={"note": note.id})
    return note


def withdraw_note(session: Session, note_id: int, *, author_id: int) -> Note:
    """Take an own note back; a second time changes nothing.

    Raises: NoteNotFoundError.
    """
    note = _get_own(session, note_id, author_id)
    if note.withdrawn_at is None:
        note.withdrawn_at = session.execute(select(db_now())).scalar_one()
        record_act(session, "note.withdraw", f"thread {note.number_id}", before={"note": note.id})
    return note


def restore_note(session: Session, note_id: int, *, author_id: int) -> Note:
    """Put an own note back; a second time changes nothing.

    Raises: NoteNotFoundError.
    """
    note = _get_own(session, note_id, author_id)
    if note.withdrawn_at is not None:
        note.withdrawn_at = None
        record_act(session, "note.restore", f"thread {note.number_id}", after={"note": note.id})
    return note


def _get_own(session: Session, note_id: int, author_id: int) -> Note:
    own = select(Note).where(Note.id == note_id, Note.author_id == author_id).with_for_update()
    note = session.execute(own).scalar_one_or_none()
    if note is None:
        raise NoteNotFoundError
    return note
