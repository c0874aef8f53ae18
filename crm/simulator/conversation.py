"""One phone's SMS in both directions as the page shows them, and how far each of them came."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from crm.simulator.fates import FATES
from crm.simulator.gateway import Gateway
from crm.simulator.records import Report, ReportState, SentSms, TypedSms

SHOWN_SMS = 100


@dataclass(frozen=True, kw_only=True, slots=True)
class Told:
    """One report and what the CRM said to it."""

    code: str
    outcome: str
    is_taken: bool
    next_try: datetime | None


@dataclass(frozen=True, kw_only=True, slots=True)
class Bubble:
    """An SMS: `direction` is `mo` from the phone, `mt` to the phone; `short_number` is the other side."""

    direction: str
    at: datetime
    text: str
    short_number: str
    billkey: str = ""
    fate: str = ""
    told: tuple[Told, ...]


def list_bubbles(gateway: Gateway, phone: str) -> list[Bubble]:
    """List the last SMS of a phone, the oldest first; what the gateway refused never came to it."""
    sent = (_from_crm(sms) for sms in gateway.list_sent() if sms.phone == phone and sms.is_accepted)
    typed = (_from_phone(sms) for sms in gateway.list_typed() if sms.phone == phone)
    return sorted([*typed, *sent], key=lambda bubble: bubble.at)[-SHOWN_SMS:]


def list_phones(gateway: Gateway) -> list[str]:
    """List the phones that have SMS, in the order of their numbers."""
    sent = {sms.phone for sms in gateway.list_sent()}
    return sorted(sent | {sms.phone for sms in gateway.list_typed()})


def _from_crm(sms: SentSms) -> Bubble:
    return Bubble(
        direction="mt",
        at=sms.at,
        text=sms.text,
        short_number=sms.send.from_,
        billkey=sms.send.billkey,
        fate=FATES[sms.fate].label,
        told=_tell(sms.reports),
    )


def _from_phone(sms: TypedSms) -> Bubble:
    return Bubble(
        direction="mo",
        at=sms.at,
        text=sms.receive.content,
        short_number=sms.receive.to,
        told=_tell([sms.report]),
    )


def _tell(reports: Iterable[Report]) -> tuple[Told, ...]:
    return tuple(
        Told(
            code=report.code,
            outcome=report.answer.words if report.answer else "",
            is_taken=report.state is ReportState.TAKEN,
            next_try=report.due if report.state is ReportState.WAITING else None,
        )
        for report in tuple(reports)
    )
