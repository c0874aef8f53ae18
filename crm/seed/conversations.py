"""What people do in the demo: the inbox with what waits and what is done, an answer by a person, two notes."""

from collections.abc import Iterable, Sequence
from datetime import timedelta

from sqlalchemy import select, text
from sqlalchemy.orm import Session

from crm.mobiletech.composing import EXPIRATION_OF_PUSH
from crm.mobiletech.conversations.answers import KEY
from crm.mobiletech.conversations.models import InboxItem, Note
from crm.mobiletech.conversations.words import InboxReason
from crm.mobiletech.events import SEND
from crm.mobiletech.models import InboundMessage, OutboundMessage
from crm.mobiletech.outbound import OutboundPurpose
from crm.mobiletech.search.keeping import keep_outbound_messages
from crm.mobiletech.sms_templates import Rendered
from crm.mobiletech.stop_words import is_stop
from crm.mobiletech.wire.sms_text import measure
from crm.seed.fates import DELIVERED
from crm.seed.rows import make_answer, make_attempts, make_report, make_work
from crm.users.models import KnownNumber, User

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
    numbers = {row.number: row.id for row in session.execute(select(KnownNumber)).scalars()}
    waiting = [message for message in inbound if message.duplicate_of is None and _is_for_a_person(message)]
    for place, message in enumerate(reversed(waiting)):
        session.add(_make_item(message, numbers[message.from_], place, support))
    for message, words in zip(reversed(waiting), NOTES, strict=False):
        session.add(
            Note(
                number_id=numbers[message.from_],
                author_id=support.id if support else None,
                content=words,
                created_at=message.created_at + timedelta(minutes=2),
            )
        )
    session.flush()
    session.execute(_FIRST_SEEN)
    return _write_answers(session, waiting[:-OPEN], support) if support is not None else 0


def _is_for_a_person(message: InboundMessage) -> bool:
    """Keywords are for rules; sentences, and STOP, are for people."""
    return is_stop(message.content) or not message.content.isupper()


def _make_item(message: InboundMessage, number_id: int, place: int, support: User | None) -> InboxItem:
    is_open, by = place < OPEN, support.id if support is not None else None
    return InboxItem(
        inbound_message_id=message.id,
        number_id=number_id,
        short_number=message.to,
        reason=InboxReason.STOP if is_stop(message.content) else InboxReason.UNMATCHED,
        state="open" if is_open else "done",
        assigned_to=by if is_open and place % TAKEN_EVERY == 1 else None,
        done_at=None if is_open else message.created_at + DONE_AFTER,
        done_by=None if is_open else by,
        created_at=message.created_at,
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
    message.rcv_msg_id = message.project_id = None
    message.mobiletech_id = f"{asked.mobiletech_id}-answered"
    return message
