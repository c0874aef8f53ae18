"""Settings that people change while we run: the table `configs`, each key with its rule.

An environment variable `CRM_` + the key in capitals beats the table. Source: interface.md section 3.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal, InvalidOperation
from enum import StrEnum
from urllib.parse import urlsplit

from sqlalchemy import BigInteger, DateTime, Identity, Text, delete, func, select, text
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Mapped, Session, mapped_column

from crm.core.db import Base
from crm.core.errors import N_, InvalidInputError, NotFoundError, Said
from crm.core.phone import find_slovak_mobile

_DURATION = re.compile(r"P(?=.)(?:(\d{1,4})D)?(?:T(?=.)(?:(\d{1,4})H)?(?:(\d{1,5})M)?(?:(\d{1,6})S)?)?")
# A name of labels, an IPv4 or an IPv6 address.
_HOST = re.compile(r"[A-Za-z0-9_-]{1,63}(?:\.[A-Za-z0-9_-]{1,63})*\.?|[0-9A-Fa-f:.]+")
_TOO_MUCH = 1_000_000


class BusinessSetting(Base):
    """A value that somebody has set; keys that stand on their default have no row."""

    __tablename__ = "configs"

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    name: Mapped[str] = mapped_column(Text, unique=True)
    value: Mapped[str] = mapped_column(Text)
    created_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=text("crm_now()"))
    updated_at: Mapped[datetime] = mapped_column(
        DateTime(timezone=True), server_default=text("crm_now()"), onupdate=func.crm_now()
    )


def parse_duration(value: str) -> timedelta:
    """Read an ISO 8601 duration of days and time, such as PT15M or P1DT6H.

    Raises: ValueError.
    """
    match = _DURATION.fullmatch(value.strip())
    if match is None:
        told = N_("%(value)r is no duration; write PT15M, PT6H or P1D")
        raise ValueError(Said(told, value=value))
    days, hours, minutes, seconds = (int(group or 0) for group in match.groups())
    return timedelta(days=days, hours=hours, minutes=minutes, seconds=seconds)


def _code(value: str) -> None:
    if not re.fullmatch(r"[A-Za-z0-9._-]{0,64}", value):
        raise ValueError(Said(N_("must be up to 64 letters, digits, dots, dashes or underscores")))


def _short_number(value: str) -> None:
    if not re.fullmatch(r"(\d{3,6})?", value, re.ASCII):
        raise ValueError(Said(N_("must be a short number of 3 to 6 digits, such as 8877")))


def _mobile_numbers(value: str) -> None:
    for number in filter(None, (part.strip() for part in value.split(","))):
        if find_slovak_mobile(number) is None:
            told = N_("must be Slovak mobile numbers with commas between; %(number)r is none")
            raise ValueError(Said(told, number=number))


def _url(value: str) -> None:
    parts = urlsplit(value)
    _ = parts.port  # raises ValueError on a port that is none
    is_address = parts.scheme in ("http", "https") and _HOST.fullmatch(parts.hostname or "")
    if value and (not is_address or parts.username):
        raise ValueError(
            Said(N_("must be an address such as https://gateway.example.sk/send, without user and password"))
        )


def _count(value: str) -> None:
    if not re.fullmatch(r"\d{1,6}", value, re.ASCII):
        raise ValueError(Said(N_("must be a whole number, 0 or more")))


def _optional_count(value: str) -> None:
    if value:
        _count(value)


def _amount(value: str) -> None:
    try:
        amount = Decimal(value)
    except InvalidOperation as error:
        raise ValueError(Said(N_("must be an amount such as 50 or 4.99"))) from error
    if not amount.is_finite() or not 0 <= amount < _TOO_MUCH or amount != round(amount, 2):
        raise ValueError(Said(N_("must be an amount of 0 or more with at most two decimals")))


def _duration(value: str) -> None:
    parse_duration(value)


def _durations(value: str) -> None:
    for part in value.split(","):
        parse_duration(part)


def _unit(value: str) -> None:
    if value not in UNITS:
        raise ValueError(Said(N_("must be seconds, minutes or hours")))


class Kind(StrEnum):
    """What sort of value a key takes: it decides the rule, and how a page shows it and asks for it."""

    CODE = "code"
    ADDRESS = "address"
    BILLKEY = "billkey"
    TEMPLATE = "template"
    SHORT_NUMBER = "short_number"
    MOBILE_NUMBERS = "mobile_numbers"
    DURATION = "duration"
    DURATIONS = "durations"
    COUNT = "count"
    HOURS = "hours"
    HOURS_OR_NONE = "hours_or_none"
    EUR = "eur"
    PERCENT = "percent"
    UNIT = "unit"


class Group(StrEnum):
    """What a key is about."""

    GATEWAY = "gateway"
    SENDING = "sending"
    TEST_ANSWER = "test_answer"
    LIMITS = "limits"
    RENEWALS = "renewals"


UNITS = ("seconds", "minutes", "hours")
CHECKS: Mapping[Kind, Callable[[str], None]] = {
    Kind.CODE: _code,
    Kind.ADDRESS: _url,
    Kind.BILLKEY: _code,
    Kind.TEMPLATE: _code,
    Kind.SHORT_NUMBER: _short_number,
    Kind.MOBILE_NUMBERS: _mobile_numbers,
    Kind.DURATION: _duration,
    Kind.DURATIONS: _durations,
    Kind.COUNT: _count,
    Kind.HOURS: _count,
    Kind.HOURS_OR_NONE: _optional_count,
    Kind.EUR: _amount,
    Kind.PERCENT: _amount,
    Kind.UNIT: _unit,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Definition:
    """A key, what it means, and what may stand there."""

    key: str
    kind: Kind
    group: Group
    default: str = ""
    meaning: str

    def check(self, value: str) -> None:
        """Raises: ValueError with a `Said` that tells the rule."""
        CHECKS[self.kind](value)


DEFINITIONS: Mapping[str, Definition] = {
    definition.key: definition
    for definition in (
        Definition(
            key="mobiletech_gateway_url_production",
            kind=Kind.ADDRESS,
            group=Group.GATEWAY,
            meaning=N_("where messages are posted"),
        ),
        Definition(
            key="mobiletech_gateway_url_test",
            kind=Kind.ADDRESS,
            group=Group.GATEWAY,
            meaning=N_("where the server proxy forwards"),
        ),
        Definition(
            key="mobiletech_billkey_free",
            kind=Kind.BILLKEY,
            group=Group.SENDING,
            meaning=N_("billing key for free messages"),
        ),
        Definition(
            key="mobiletech_serv_id",
            kind=Kind.CODE,
            group=Group.SENDING,
            meaning=N_("service id for messages that answer nothing"),
        ),
        Definition(
            key="mobiletech_short_number",
            kind=Kind.SHORT_NUMBER,
            group=Group.SENDING,
            meaning=N_("sender of messages that answer nothing"),
        ),
        Definition(
            key="mobiletech_test_billkey",
            kind=Kind.BILLKEY,
            group=Group.TEST_ANSWER,
            meaning=N_("key of the test answer; both test keys set turn it on"),
        ),
        Definition(
            key="mobiletech_test_template_code",
            kind=Kind.TEMPLATE,
            group=Group.TEST_ANSWER,
            meaning=N_("template of the test answer"),
        ),
        Definition(
            key="mobiletech_test_numbers",
            kind=Kind.MOBILE_NUMBERS,
            group=Group.TEST_ANSWER,
            meaning=N_("numbers that texts may be tried on, besides one's own"),
        ),
        Definition(
            key="recurrent_payment_charges",
            kind=Kind.DURATIONS,
            group=Group.RENEWALS,
            default="PT15M, PT6H, PT6H, PT6H, PT6H",
            meaning=N_("delays between attempts to charge; one entry more than there are retries"),
        ),
        Definition(
            key="recurrent_payment_gateway_fail_delay",
            kind=Kind.DURATION,
            group=Group.RENEWALS,
            default="PT1H",
            meaning=N_("delay after a failure of ours, not the customer's"),
        ),
        Definition(
            key="recurrent_charge_before",
            kind=Kind.HOURS_OR_NONE,
            group=Group.RENEWALS,
            meaning=N_("hours before the end of a subscription to charge"),
        ),
        Definition(
            key="mobiletech_max_paid_per_day",
            kind=Kind.COUNT,
            group=Group.LIMITS,
            default="3",
            meaning=N_("paid messages to one number in 24 h; more are held; 0 = no limit"),
        ),
        Definition(
            key="mobiletech_max_amount_per_payment",
            kind=Kind.EUR,
            group=Group.LIMITS,
            default="50",
            meaning=N_("EUR per charge"),
        ),
        Definition(
            key="mobiletech_max_amount_per_month",
            kind=Kind.EUR,
            group=Group.LIMITS,
            default="300",
            meaning=N_("EUR per number and month"),
        ),
        Definition(
            key="mobiletech_duplicate_window",
            kind=Kind.DURATION,
            group=Group.LIMITS,
            default="PT10S",
            meaning=N_("the same text again within it gets no second paid answer; PT0S = off"),
        ),
        Definition(
            key="mobiletech_expiration_unit",
            kind=Kind.UNIT,
            group=Group.SENDING,
            default="minutes",
            meaning=N_("unit of the gateway's expiration"),
        ),
        Definition(
            key="recurrent_max_charges_per_hour",
            kind=Kind.COUNT,
            group=Group.LIMITS,
            default="0",
            meaning=N_("run ceiling, 0 = none"),
        ),
        Definition(
            key="renewal_notice_hours",
            kind=Kind.HOURS,
            group=Group.RENEWALS,
            default="24",
            meaning=N_("free notice before a renewal"),
        ),
        Definition(
            key="vat_rate",
            kind=Kind.PERCENT,
            group=Group.RENEWALS,
            default="0",
            meaning=N_("percent, for payment items"),
        ),
        Definition(
            key="mobiletech_pending_charge_timeout",
            kind=Kind.DURATION,
            group=Group.RENEWALS,
            default="PT15M",
            meaning=N_("when a charge without any answer stops being waited for"),
        ),
    )
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Value:
    """What a key stands on, and where that was said: `environment`, `database` or `default`."""

    key: str
    value: str
    source: str


_fixed: dict[str, str] = {}  # key -> value, said by the environment at start


def fix_by_environment(environ: Mapping[str, str]) -> list[str]:
    """Take over what the environment fixes; return a line for each variable that says something impossible."""
    faults = []
    _fixed.clear()
    for definition in DEFINITIONS.values():
        name = variable_of(definition.key)
        if name not in environ:
            continue
        value = _fixed[definition.key] = environ[name].strip()
        try:
            definition.check(value)
        except ValueError as error:
            faults.append(f"{name}: {error}")
    return faults


def list_settings(session: Session) -> list[Value]:
    """Return every key with its value, in the order of the definitions."""
    stored = dict(session.execute(select(BusinessSetting.name, BusinessSetting.value)).all())
    return [_value(definition, stored) for definition in DEFINITIONS.values()]


def get_setting(session: Session, key: str) -> str:
    """Return the value in force.

    Raises: NotFoundError for a key that does not exist.
    """
    return _value(_definition(key), _stored(session)).value


def check_setting(key: str, value: str) -> None:
    """Raises: NotFoundError for a key that does not exist, InvalidInputError with the rule that the value breaks."""
    definition = _definition(key)
    try:
        definition.check(value.strip())
    except ValueError as error:
        raise InvalidInputError(N_("%(key)s %(rule)s."), key=key, rule=error.args[0]) from error


def set_setting(session: Session, key: str, value: str) -> None:
    """Store a value; it is in force at once unless the environment fixes the key.

    Raises: NotFoundError, InvalidInputError with the rule.
    """
    check_setting(key, value)
    statement = insert(BusinessSetting).values(name=key, value=value.strip())
    session.execute(
        statement.on_conflict_do_update(
            index_elements=["name"], set_={"value": statement.excluded.value, "updated_at": func.crm_now()}
        )
    )
    session.info.pop("business_settings", None)


def reset_setting(session: Session, key: str) -> None:
    """Forget what was stored: the key stands on its default again, unless the environment fixes it.

    Raises: NotFoundError.
    """
    session.execute(delete(BusinessSetting).where(BusinessSetting.name == _definition(key).key))
    session.info.pop("business_settings", None)


def variable_of(key: str) -> str:
    """Return the environment variable that fixes a key."""
    return f"CRM_{key.upper()}"


def _stored(session: Session) -> Mapping[str, str]:
    """Read the table once a session block: a batch of a hundred messages asks a thousand times."""
    stored: Mapping[str, str] | None = session.info.get("business_settings")
    if stored is None or not session.info.get("in_transaction_block"):
        stored = dict(session.execute(select(BusinessSetting.name, BusinessSetting.value)).all())
        session.info["business_settings"] = stored
    return stored


def _definition(key: str) -> Definition:
    if key not in DEFINITIONS:
        raise NotFoundError(N_("There is no setting %(key)r. `crm settings list` shows them all."), key=key)
    return DEFINITIONS[key]


def _value(definition: Definition, stored: Mapping[str, str]) -> Value:
    if definition.key in _fixed:
        return Value(key=definition.key, value=_fixed[definition.key], source="environment")
    if definition.key in stored:
        return Value(key=definition.key, value=stored[definition.key], source="database")
    return Value(key=definition.key, value=definition.default, source="default")
