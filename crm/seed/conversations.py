"""What people do in the demo: the inbox with what waits and what is done, an answer by a person, two notes."""

from collections.abc import Iterable, Sequence
from datetime import timedelta

from sqlalchemy import select, text
from sqlalchemy.orm import Session

from crm.mobiletech.composing import EXPIRATION_OF_PUSH
from crm.mobiletech.conversations.answers import KEY
from crm.mobiletech.conversations.filing import file_messages
from crm.mobiletech.conversations.models import InboxItem, Note
from crm.mobiletech.events import SEND
from crm.mobiletech.models import InboundMessage, OutboundMessage
from crm.mobiletech.outbound import OutboundPurpose
from crm.mobiletech.search.keeping import keep_outbound_messages
from crm.mobiletech.sms_templates import Rendered
from crm.mobiletech.wire.sms_text import measure
from crm.seed.fates import DELIVERED
from crm.seed.rows import make_answer, make_attempts, make_report, make_work
from crm.users.models import User

SUPPORT = "support@example.com"
OPEN = 12
TAKEN_EVERY = 5
DONE_AFTER = timedelta(minutes=17)
ANSWERED = "Nechodia mi SMS"
ANSWER = "Dobrý deň, doručovanie sme vám práve obnovili. Ak by SMS dnes neprišla, napíšte nám. Samuel"
NOTES = (
    "Volal aj do redakcie, zaujíma sa o darčekové predplatné pre mamu.",
    "Píše večer po ôsmej, radšej mu odpovedať hneď ráno.",
)

# As if each number had been noted when its first SMS came.
_FIRST_SEEN = text("""
    UPDATE known_numbers AS known SET created_at = seen.at
    FROM (SELECT "from", min(created_at) AS at FROM mobiletech_inbound_messages GROUP BY "from") AS seen
    WHERE seen."from" = known.number AND seen.at < known.created_at
""")


def write_conversations(session: Session, inbound: Sequence[InboundMessage]) -> int:
    """Write what people have done about the messages; return the number of SMS that are theirs."""
    support = session.execute(select(User).where(User.email == SUPPORT)).scalar_one_or_none()
    file_messages(session, [message.id for message in inbound])
    newest = select(InboxItem).order_by(InboxItem.created_at.desc(), InboxItem.id.desc())
    items = session.execute(newest).scalars().all()
    for item, words in zip(items, NOTES, strict=False):
        session.add(_make_note(item, words, support))
    for item in items[1:OPEN:TAKEN_EVERY]:
        item.assigned_to = support.id if support is not None else None
    for item in items[OPEN:]:
        item.state, item.done_at = "done", item.created_at + DONE_AFTER
        item.done_by = support.id if support is not None else None
    session.flush()
    session.execute(_FIRST_SEEN)
    closed = {item.inbound_message_id for item in items[OPEN:]}
    done = [message for message in inbound if message.id in closed]
    return _write_answers(session, done, support) if support is not None else 0


def _make_note(item: InboxItem, words: str, support: User | None) -> Note:
    return Note(
        number_id=item.number_id,
        author_id=support.id if support is not None else None,
        content=words,
        created_at=item.created_at + timedelta(minutes=2),
    )


def _write_answers(session: Session, done: Iterable[InboundMessage], support: User) -> int:
    """Let the support person have answered one of the questions that are closed."""
    asked = next((message for message in done if message.content == ANSWERED), None)
    if asked is None:
        return 0
    message = _make_written(asked, support)
    session.add(message)
    session.flush()
    keep_outbound_messages(session, [message])
    session.add_all(make_attempts(DELIVERED, message))
    session.add_all(make_report(message, code, 1) for code in DELIVERED.codes)
    payload: dict[str, int | str] = {"mobiletech_outbound_message_id": message.id}
    session.add(make_work(f"send:{message.id}", SEND, payload, message.to, at=message.updated_at))
    session.flush()
    return 1


def _make_written(asked: InboundMessage, support: User) -> OutboundMessage:
    """An SMS of its own, a little before the message is closed: the test has answered the reader's already."""
    written = Rendered(template_id=None, version=None, measured=measure(ANSWER))
    message = make_answer(asked, DELIVERED, written)
    later = DONE_AFTER - timedelta(seconds=20)
    for name in ("sending_at", "sent_at", "created_at", "updated_at"):
        setattr(message, name, getattr(message, name) + later)
    message.key, message.context = f"{KEY}demo", f"user {support.id}"
    message.purpose, message.expiration = OutboundPurpose.SERVICE, EXPIRATION_OF_PUSH
    message.rcv_msg_id = message.project_id = message.params = None
    message.mobiletech_id = f"{asked.mobiletech_id}-answered"
    return message
