"""The files of a publisher who moves in: readers by the hundred thousand, their messages, payments and renewals."""

import csv
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

PERIOD = timedelta(days=30)
BETWEEN_MESSAGES = timedelta(
    days=110, seconds=17
)  # years of history; the one that began the subscription is the last
ZONE = "+00:00"
DUE_EACH = 10  # one reader of so many is due when the files are imported


@dataclass(frozen=True, kw_only=True, slots=True)
class History:
    """How many readers, how many messages each wrote, how many periods each paid; the last one ends around `now`."""

    readers: int
    messages_each: int
    periods_each: int
    now: datetime

    @property
    def due(self) -> int:
        """How many renewals are due now."""
        return len(range(0, self.readers, DUE_EACH))


def write_files(history: History, folder: Path) -> dict[str, Path]:
    """Write one CSV file for each entity, in the order in which they are imported."""
    makers = {
        "templates": _templates(),
        "billkeys": _billkeys(),
        "subscription-types": _types(),
        "users": _users(history),
        "phone-numbers": _phones(history),
        "inbound-messages": _inbound(history),
        "payments": _payments(history),
        "outbound-messages": _outbound(history),
        "recurrent-payments": _renewals(history),
    }
    return {entity: _write(folder / f"{entity}.csv", rows) for entity, rows in makers.items()}


def _write(path: Path, rows: Iterable[Sequence[object]]) -> Path:
    with path.open("w", newline="", encoding="utf-8") as file:
        csv.writer(file, lineterminator="\n").writerows(rows)
    return path


def _templates() -> Iterator[Sequence[object]]:
    yield "external_id", "code", "purpose", "content"
    text = (
        "{{ subscription_name }} predĺžené za {{ price }} EUR na 30 dní. Zrušiť: STOP na {{ short_number }}"
    )
    yield 1, "moved-renewal", "paid", text


def _billkeys() -> Iterator[Sequence[object]]:
    yield "code", "kind", "price"
    yield "MV49", "paid", "4.90"
    yield "MV00", "free", "0.00"


def _types() -> Iterator[Sequence[object]]:
    yield "code", "name", "user_label", "short_name", "price", "length", "billkey", "template"
    yield "moved-month", "Mesačné", "Mesačné predplatné", "Mesacne", "4.90", 30, "MV49", "moved-renewal"


def _users(history: History) -> Iterator[Sequence[object]]:
    yield (
        "external_id",
        "email",
        "public_name",
        "first_name",
        "last_name",
        "password",
        "role",
        "locale",
        "created_at",
    )
    for reader in range(history.readers):
        began = _began(history, reader)
        email = f"reader.{reader}@example.com" if reader % 3 else ""
        name = f"Čitateľ {reader}" if email else _number(reader)
        yield reader + 1, email, name, "Čitateľ", f"č. {reader}", "", "user", "sk_SK", _written(began)


def _phones(history: History) -> Iterator[Sequence[object]]:
    yield "phone_number", "user_external_id", "created_at"
    for reader in range(history.readers):
        yield _number(reader), reader + 1, _written(_began(history, reader))


def _inbound(history: History) -> Iterator[Sequence[object]]:
    yield (
        *(
            "external_id",
            "mobiletech_id",
            "user_external_id",
            "from",
            "to",
            "content",
            "receive_date",
            "serv_id",
        ),
        *("project_id", "content_coding", "dcs", "esm", "operator_type"),
    )
    number = 0
    for message in range(history.messages_each):
        for reader in range(history.readers):
            number += 1
            at = _began(history, reader) - message * BETWEEN_MESSAGES
            text = (
                "START" if not message else f"Dobrý deň, moja otázka číslo {message} k vydaniu {number % 977}"
            )
            yield (
                *(number, _cid(reader) if not message else f"moved-in-{number}", reader + 1),
                *(
                    f"+421{_number(reader)[1:]}",
                    8877,
                    text,
                    _written(at),
                    1703,
                    76,
                    "",
                    0,
                    0,
                    "TO2S"[reader % 4],
                ),
            )


def _payments(history: History) -> Iterator[Sequence[object]]:
    yield (
        *("external_id", "variable_symbol", "user_external_id", "amount", "status", "payment_gateway"),
        *("subscription_type", "subscription_start_at", "subscription_end_at", "paid_at", "created_at"),
        *("cid", "billkey", "template", "template_params", "recurrent_charge"),
    )
    for reader, period, number in _each_period(history):
        start = _began(history, reader) + period * PERIOD
        yield (
            *(number, f"{number:010}", reader + 1, "4.90", "paid", "mobiletech_recurrent", "moved-month"),
            *(_written(start), _written(start + PERIOD), _written(start), _written(start), _cid(reader)),
            *("MV49", "moved-renewal", "{}", int(period > 0)),
        )


def _outbound(history: History) -> Iterator[Sequence[object]]:
    yield (
        *(
            "external_id",
            "mobiletech_id",
            "user_external_id",
            "payment_external_id",
            "rcv_msg_id",
            "template",
        ),
        *("status", "billkey", "serv_id", "project_id", "from", "to", "operator_type", "expiration"),
        *("content_length", "created_at"),
    )
    for reader, period, number in _each_period(history):
        at = _began(history, reader) + period * PERIOD
        yield (
            *(number, f"moved-out-{number}", reader + 1, number, _cid(reader), "moved-renewal", "D1"),
            *(
                "MV49",
                1703,
                76,
                8877,
                f"+421{_number(reader)[1:]}",
                "TO2S"[reader % 4],
                600,
                92,
                _written(at),
            ),
        )


def _renewals(history: History) -> Iterator[Sequence[object]]:
    yield (
        *("external_id", "cid", "user_external_id", "parent_payment_external_id", "subscription_type"),
        *("charge_at", "retries", "state"),
    )
    for reader in range(history.readers):
        last = history.periods_each * history.readers - history.readers + reader + 1
        ends = _began(history, reader) + history.periods_each * PERIOD
        yield reader + 1, _cid(reader), reader + 1, last, "moved-month", _written(ends), 4, "active"


def _each_period(history: History) -> Iterator[tuple[int, int, int]]:
    number = 0
    for period in range(history.periods_each):
        for reader in range(history.readers):
            number += 1
            yield reader, period, number


def _began(history: History, reader: int) -> datetime:
    """Return when the reader's first period began: the last one ended an hour ago, or ends in three days and more."""
    ends = timedelta(hours=-1) if reader % DUE_EACH == 0 else timedelta(days=3 + reader % 20)
    return history.now + ends - history.periods_each * PERIOD


def _number(reader: int) -> str:
    return f"09{('05', '08', '18')[reader % 3]}{reader:06}"


def _cid(reader: int) -> str:
    return f"moved-in-start-{reader + 1}"


def _written(at: datetime) -> str:
    return f"{at:%Y-%m-%d %H:%M:%S}{ZONE}"
