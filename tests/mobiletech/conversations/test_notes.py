"""Notes for colleagues: written, taken back and put back by whoever wrote them, by nobody else."""

from collections.abc import Callable
from typing import Any

import pytest

from crm.core.db import transaction
from crm.mobiletech.conversations.errors import NoteNotFoundError
from crm.mobiletech.conversations.models import Note
from crm.mobiletech.conversations.notes import add_note, restore_note, withdraw_note
from crm.users.audit_log import Actor, acting
from crm.users.models import AuditEntry
from tests.factories.conversations import make_number
from tests.factories.users import make_user
from tests.stored import read

pytestmark = pytest.mark.usefixtures("app")


def test_a_note_is_taken_back_and_put_back_and_each_act_is_written_down_once() -> None:
    jan = make_user(role="support")
    thread = f"thread {make_number()}"

    with acting(Actor(name="Ján", user_id=jan)):
        note = write(jan)
        press(withdraw_note, note, jan)
        press(withdraw_note, note, jan)
        withdrawn = read(Note.withdrawn_at)
        press(restore_note, note, jan)
        press(restore_note, note, jan)

    assert withdrawn != [(None,)]
    assert read(Note.content, Note.author_id, Note.withdrawn_at) == [("zavolať", jan, None)]
    assert read(AuditEntry.action, AuditEntry.subject, order=AuditEntry.id) == [
        ("note.add", thread), ("note.withdraw", thread), ("note.restore", thread),
    ]  # fmt: skip


def test_what_a_note_says_is_not_in_the_audit_log() -> None:
    jan = make_user()

    with acting(Actor(name="Ján", user_id=jan)):
        write(jan)

    assert "zavolať" not in str(read(AuditEntry.before, AuditEntry.after))


@pytest.mark.parametrize("act", [withdraw_note, restore_note])
def test_a_note_of_somebody_else_is_not_touched(act: Callable[..., Note]) -> None:
    note = write(make_user())

    with pytest.raises(NoteNotFoundError, match="no such note of yours"):
        press(act, note, make_user())

    assert read(Note.withdrawn_at) == [(None,)]


def write(author_id: int) -> int:
    number_id = make_number()
    with transaction() as session:
        return add_note(session, number_id, "zavolať", author_id=author_id).id


def press(act: Callable[..., Any], note_id: int, author_id: int) -> None:
    with transaction() as session:
        act(session, note_id, author_id=author_id)
