"""The gateway as a model in memory: it takes SMS, decides their fate and reports on them."""

import re
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import count
from threading import Lock

from crm.core.errors import InvalidInputError
from crm.core.log import get_logger
from crm.core.phone import to_international
from crm.mobiletech.wire.commands import Receive, Send, Status
from crm.mobiletech.wire.receive_date import format_receive_date
from crm.mobiletech.wire.xml_codec import (
    GATEWAY_ZONE,
    MalformedMessageError,
    decode_send,
    encode_receive,
    encode_status,
)
from crm.simulator.exchange_log import ExchangeLog
from crm.simulator.fate_book import FateBook
from crm.simulator.fates import FATES, OPERATOR_CHANGE, Reply, Script, When
from crm.simulator.networks import Networks
from crm.simulator.postbox import Postbox
from crm.simulator.records import Kind, Report, SentSms, TypedSms, read_text
from crm.simulator.refusals import MAX_TEXT, find_refusal
from crm.simulator.timing import Timing, gateway_now
from crm.simulator.webhook import Webhook

KEPT_SMS = 10_000
SERV_ID = "1703"
PROJECT_ID = "76"

_SHORT_NUMBER = re.compile(r"[0-9]{3,6}")
_MAX_ID = 64

log = get_logger(__name__)


@dataclass(frozen=True, kw_only=True, slots=True)
class Reaction:
    """How a call is to be answered; `id` or `reason` is what the answer says."""

    reply: Reply
    id: str = ""
    reason: str = ""


class Gateway:
    """Thread-safe. The CRM posts to `accept`, a person types into `type_sms`; both end in the postbox."""

    def __init__(
        self, webhook: Webhook, *, clock: Callable[[], datetime] = gateway_now, timing: Timing | None = None
    ) -> None:
        self.timing = timing or Timing()
        self.fates = FateBook()
        self.networks = Networks()
        self.exchanges = ExchangeLog(clock)
        self.postbox = Postbox(webhook, clock=clock, timing=self.timing, note=self.exchanges.note_report)
        self._clock = clock
        self._lock = Lock()
        self._sent: deque[SentSms] = deque(maxlen=KEPT_SMS)
        self._typed: deque[TypedSms] = deque(maxlen=KEPT_SMS)
        # The CRM remembers ids for ever, so a simulator that was started again must not repeat them.
        self._ids = count(int(clock().timestamp() * 1000))
        self._last_id = ""

    def accept(self, body: bytes) -> Reaction:
        """Take a `send` and say how to answer it; what is reported before the answer is out by then."""
        try:
            send = decode_send(body)
        except MalformedMessageError as error:
            return self._refuse(body, Reply.MALFORMED, error.reason)
        reason = find_refusal(send)
        if reason is not None:
            return self._refuse(body, Reply.REFUSAL, reason)
        sms = self._take(send)
        script = FATES[sms.fate]
        self.exchanges.note(Kind.SEND, f"{sms.id}, {send.billkey}: {script.label}", body, script.reply)
        log.info("send_taken", id=sms.id, fate=sms.fate, accepted=script.is_accepted)
        hand_over = self.postbox.deliver if script.when is When.BEFORE_REPLY else self.postbox.put
        for report in tuple(sms.reports):
            hand_over(report)
        return Reaction(
            reply=script.reply, id=sms.id, reason="" if script.is_accepted else "Refused on purpose."
        )

    def type_sms(self, *, phone: str, short_number: str, text: str, message_id: str = "") -> TypedSms:
        """Send an SMS from a phone: post its `receive` now, and again later if it was not taken.

        Raises: InvalidInputError if a part cannot be a part of an SMS.
        """
        _check_typed(short_number, text, message_id)
        with self._lock:
            sms = self._write(to_international(phone), short_number, text, message_id or self._new_id())
            self._typed.append(sms)
        self.postbox.deliver(sms.report)
        return sms

    def report_status(self, sms_id: str, code: str) -> Report:
        """Report a status now, of any SMS, also of one that was never sent.

        Raises: InvalidInputError if XML cannot carry it.
        """
        report = _status_report(sms_id, code, self._clock())
        with self._lock:
            sms = next((sms for sms in reversed(self._sent) if sms.id == sms_id), None)
            if sms is not None:
                sms.reports.append(report)
        self.postbox.deliver(report)
        return report

    def list_sent(self) -> list[SentSms]:
        """List what the CRM sent, the oldest first."""
        with self._lock:
            return list(self._sent)

    def list_typed(self) -> list[TypedSms]:
        """List what was typed on phones, the oldest first."""
        with self._lock:
            return list(self._typed)

    def reset(self) -> None:
        """Forget everything but which ids were given."""
        self.postbox.clear()
        self.fates.clear()
        self.networks.clear()
        self.exchanges.clear()
        with self._lock:
            self._sent.clear()
            self._typed.clear()
            self._last_id = ""

    def _take(self, send: Send) -> SentSms:
        phone = to_international(send.to)
        fate = self.fates.take(phone, read_text(send))
        script = FATES[fate]
        with self._lock:
            reuses_id = script.reply is Reply.OLD_ID and self._last_id
            sms_id = self._last_id if reuses_id else self._new_id()
            if script.is_accepted:
                self._last_id = sms_id
            at = self._clock()
            reports = self._plan(script, sms_id, at)
            sms = SentSms(at=at, id=sms_id, phone=phone, fate=fate, send=send, reports=reports)
            self._sent.append(sms)
        if OPERATOR_CHANGE in script.codes:
            self.networks.port(phone)
        return sms

    def _plan(self, script: Script, sms_id: str, at: datetime) -> list[Report]:
        first = self.timing.late_status if script.when is When.LATE else self.timing.first_status
        delays = (first + place * self.timing.next_status for place in range(len(script.codes)))
        dues = (at + timedelta(seconds=delay) for delay in delays)
        return [_status_report(sms_id, code, due) for code, due in zip(script.codes, dues, strict=True)]

    def _write(self, phone: str, short_number: str, text: str, message_id: str) -> TypedSms:
        at = self._clock()
        receive = Receive(
            id=message_id,
            serv_id=SERV_ID,
            project_id=PROJECT_ID,
            from_=phone,
            to=short_number,
            content=text,
            operator_type=self.networks.operator_of(phone),
            receive_date_raw=format_receive_date(at, GATEWAY_ZONE),
        )
        report = Report(kind=Kind.RECEIVE, id=receive.id, body=encode_receive(receive), due=at)
        return TypedSms(at=at, phone=phone, receive=receive, report=report)

    def _refuse(self, body: bytes, reply: Reply, reason: str) -> Reaction:
        self.exchanges.note(Kind.SEND, f"Refused: {reason}", body, reply)
        log.info("send_refused", reason=reason)
        return Reaction(reply=reply, reason=reason)

    def _new_id(self) -> str:
        return str(next(self._ids))


def _status_report(sms_id: str, code: str, due: datetime) -> Report:
    body = encode_status(Status(id=sms_id, status=code))
    return Report(kind=Kind.STATUS, id=sms_id, code=code, body=body, due=due)


def check_short_number(text: str) -> None:
    """Raises: InvalidInputError if a text is no short number."""
    if not _SHORT_NUMBER.fullmatch(text):
        raise InvalidInputError("The short number has three to six digits, such as 8877.")


def _check_typed(short_number: str, text: str, message_id: str) -> None:
    check_short_number(short_number)
    if len(text) > MAX_TEXT:
        raise InvalidInputError(f"The text is longer than {MAX_TEXT} characters.")
    if len(message_id) > _MAX_ID:
        raise InvalidInputError(f"The id is longer than {_MAX_ID} characters.")
