"""Write the demo's messages as if they had happened: every row that the real thing would have left, no SMS sent.

All work is marked done, so that no worker finds anything to do.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import exists, select, update
from sqlalchemy.orm import Session

from crm.mobiletech.events import INBOUND, OUTBOUND_STATUS, SEND
from crm.mobiletech.models import InboundMessage, OutboundMessage
from crm.mobiletech.rules.deciding import KeywordRule
from crm.mobiletech.rules.queries import read_rules
from crm.mobiletech.search.keeping import keep_inbound_messages, keep_outbound_messages
from crm.mobiletech.sms_templates import get_template, render
from crm.seed.conversations import write_conversations
from crm.seed.fates import Fate
from crm.seed.plan import FOREIGN_NUMBER, Exchange
from crm.seed.rows import (
    TEMPLATE,
    make_answer,
    make_attempts,
    make_inbound,
    make_refusal,
    make_report,
    make_work,
)
from crm.seed.rules import find_acting, make_decision
from crm.users.models import User

SIGN = "demo"
INBOUND_ID = "mobiletech_inbound_message_id"
OUTBOUND_ID = "mobiletech_outbound_message_id"


def is_written(session: Session) -> bool:
    """Return whether the story is in the database already."""
    mark = exists().where(InboundMessage.mobiletech_id.startswith(f"{SIGN}-"))
    return bool(session.execute(select(mark)).scalar())


def write_history(session: Session, story: Sequence[Exchange], *, zone: ZoneInfo) -> int:
    """Write everything that the story left behind; return the number of SMS, in and out."""
    writer = _Writer(session, zone)
    inbound = writer.inbound(story)
    rules = read_rules(session)
    answers = writer.answers(zip(story, inbound, strict=True), rules)
    writer.decisions(inbound, rules, answers)
    writer.reports(answers)
    writer.confirm(story)
    keep_inbound_messages(session, [row.id for row in inbound])
    keep_outbound_messages(session, [message for _, message in answers])
    return len(inbound) + len(answers) + write_conversations(session, inbound)


@dataclass(frozen=True, slots=True)
class _Writer:
    session: Session
    zone: ZoneInfo

    def inbound(self, story: Sequence[Exchange]) -> list[InboundMessage]:
        rows = [
            make_inbound(exchange, f"{SIGN}-in-{number:04d}", self.zone)
            for number, exchange in enumerate(story, start=1)
        ]
        self._add(rows)
        originals: dict[tuple[str, str], int] = {}
        for exchange, row in zip(story, rows, strict=True):
            row.duplicate_of = originals[row.from_, row.content] if exchange.repeats else None
            originals[row.from_, row.content] = row.id
        self._add(
            [
                make_work(f"inbound:{row.id}", INBOUND, {INBOUND_ID: row.id}, row.from_, at=row.created_at)
                for row in rows
            ]
        )
        return rows

    def answers(
        self, told: Iterable[tuple[Exchange, InboundMessage]], rules: Sequence[KeywordRule]
    ) -> list[tuple[Fate, OutboundMessage]]:
        answers: list[tuple[Fate, OutboundMessage]] = []
        for exchange, inbound in told:
            if exchange.fate is None:
                continue
            if inbound.from_ == FOREIGN_NUMBER:
                self.session.add(make_refusal(inbound))
                continue
            rule = find_acting(inbound, rules)
            if rule is not None and rule.template is None:
                continue  # a person has it
            template = get_template(self.session, rule.template if rule and rule.template else TEMPLATE)
            rendered = render(template, {"original_message": inbound.content})
            message = make_answer(inbound, exchange.fate, rendered, rule.id if rule else None)
            answers.append((exchange.fate, message))
        self._add([message for _, message in answers])
        self._add([attempt for fate, message in answers for attempt in make_attempts(fate, message)])
        self._add(
            [
                make_work(f"send:{row.id}", SEND, {OUTBOUND_ID: row.id}, row.to, at=row.updated_at)
                for _, row in answers
            ]
        )
        return answers

    def decisions(
        self,
        inbound: Sequence[InboundMessage],
        rules: Sequence[KeywordRule],
        answers: Sequence[tuple[Fate, OutboundMessage]],
    ) -> None:
        made = {message.rcv_msg_id: message for _, message in answers if message.context}
        self._add([make_decision(row, rules, made.get(row.mobiletech_id)) for row in inbound])

    def reports(self, answers: Sequence[tuple[Fate, OutboundMessage]]) -> None:
        pairs = [
            (message, make_report(message, code, number))
            for fate, message in answers
            for number, code in enumerate(fate.codes, start=1)
        ]
        self._add([report for _, report in pairs])
        self._add(
            [
                make_work(
                    f"status:{report.id}",
                    OUTBOUND_STATUS,
                    {OUTBOUND_ID: message.id, "status": report.status},
                    message.to,
                    at=report.received_at,
                )
                for message, report in pairs
            ]
        )

    def confirm(self, story: Sequence[Exchange]) -> None:
        """Who wrote is confirmed since the first SMS."""
        first = {exchange.sender.user_id: exchange.at for exchange in reversed(story)}
        for user_id, at in first.items():
            if user_id is not None:
                chosen = update(User).where(User.id == user_id, User.confirmed_at.is_(None))
                self.session.execute(chosen.values(confirmed_at=at, created_at=at - timedelta(minutes=3)))

    def _add(self, rows: Sequence[object]) -> None:
        self.session.add_all(rows)
        self.session.flush()
