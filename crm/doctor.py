"""What may be set wrongly, looked at one thing at a time: `ok`, `warn` or `FAIL`, and what to do.

Nothing here raises for what it finds: a server that is away is a finding too.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from urllib.parse import urlsplit

from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from redis import Redis, RedisError, ResponseError
from sqlalchemy import select, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from crm.core.business_settings import get_setting
from crm.core.clock import db_now, now, time_since
from crm.core.config import ROOT, Settings
from crm.core.db import transaction
from crm.core.next_ids import list_taken_ids
from crm.events import doorbell
from crm.events.drain import RECORD_FOR_SECONDS
from crm.events.models import PeriodicRun
from crm.events.periodic import TICK, TICK_LATE
from crm.mobiletech.catalogue.billkey_use import FREE_SETTING, list_unlisted
from crm.mobiletech.catalogue.key_rules import find_free_trouble
from crm.mobiletech.client import DEADLINE_SECONDS, LEASE_SECONDS
from crm.mobiletech.composing import NEEDED_TO_SEND, is_paid
from crm.mobiletech.handlers import CODE_TEMPLATE
from crm.mobiletech.rules.checkup import list_rule_faults
from crm.mobiletech.sms_templates import find_template, render
from crm.mobiletech.template_language import TemplateLanguageError
from crm.sms_billing.checkup import list_renewal_faults
from crm.sms_billing.offers import list_all_faults

DATABASE = "database"
CLOCK_OFF_SECONDS = 5
SOLD_WELL = "Each that is sold by SMS is on a valid key of its price."
CHARGED_WELL = "They are charged when they are due, and tried again by a sound schedule."
DURABILITY = ("fsync", "synchronous_commit", "full_page_writes")


class Level(StrEnum):
    """How bad it is."""

    OK = "ok"
    WARN = "warn"
    FAIL = "FAIL"


@dataclass(frozen=True, slots=True)
class Finding:
    """One line of the doctor's: the sentence says what to do, or that all is well."""

    level: Level
    name: str
    sentence: str

    def __str__(self) -> str:
        return f"{self.level:<4} {self.name}: {self.sentence}"


def examine(settings: Settings) -> Iterator[Finding]:
    """Look at everything, one finding for each check; needs the application's context."""
    yield check_addresses(settings)
    yield check_timeouts(
        deadline=DEADLINE_SECONDS,
        record=RECORD_FOR_SECONDS,
        job=doorbell.JOB_TIMEOUT_SECONDS,
        lease=LEASE_SECONDS,
    )
    yield check_redis(doorbell.connect(settings.redis_url))
    for name, check in DATABASE_CHECKS:
        try:
            with transaction() as session:
                finding = check(session, settings)
        except DBAPIError as error:
            lines = str(error.orig).splitlines() or [type(error.orig).__name__]
            finding = Finding(Level.FAIL, name, f"The database cannot be used: {lines[0].strip()}")
        yield finding
        if name == DATABASE and finding.level is Level.FAIL:
            return  # the rest would say the same again, each after a timeout


def check_addresses(settings: Settings) -> Finding:
    """People and cookies need https in production."""
    if settings.is_production and urlsplit(settings.base_url).scheme != "https":
        return Finding(Level.FAIL, "settings", "CRM_BASE_URL must begin with https:// in production.")
    return Finding(Level.OK, "settings", f"The environment can be used ({settings.env}).")


def check_timeouts(*, deadline: float, record: float, job: float, lease: float) -> Finding:
    """A call and its record must end before RQ cuts the job, and that before the lease is given up."""
    told = f"gateway {deadline:g} s + record {record:g} s < job {job:g} s < lease {lease:g} s"
    if deadline + record < job < lease:
        return Finding(Level.OK, "timeouts", f"{told}.")
    return Finding(Level.FAIL, "timeouts", f"The order must be {told}: a paid SMS could be sent twice.")


def check_redis(redis: "Redis") -> Finding:
    """Redis must answer, and must not throw bells away when it is full."""
    try:
        redis.ping()
        policy = dict(redis.config_get("maxmemory-policy")).get("maxmemory-policy")
    except ResponseError:
        return Finding(Level.WARN, "redis", "It does not tell maxmemory-policy; see that it is noeviction.")
    except RedisError as error:
        told = f"It cannot be reached ({type(error).__name__}): look at REDIS_URL. SMS are handled late without it."
        return Finding(Level.FAIL, "redis", told)
    if policy != "noeviction":
        return Finding(Level.FAIL, "redis", f"maxmemory-policy is {policy}; set it to noeviction.")
    return Finding(Level.OK, "redis", "It answers; maxmemory-policy is noeviction.")


def check_durability(values: Mapping[str, str]) -> Finding:
    """What was committed must survive a power cut: we said 200 to the gateway for it."""
    wrong = [name for name, value in values.items() if value == "off"]
    if wrong:
        told = f"{', '.join(wrong)} must be on: what we told the gateway is stored could be lost."
        return Finding(Level.FAIL, "durability", told)
    return Finding(Level.OK, "durability", f"{', '.join(values)} are on.")


def _database(session: Session, _settings: Settings) -> Finding:
    return Finding(Level.OK, DATABASE, f"PostgreSQL {_shown(session, 'server_version').split()[0]} answers.")


def _durability(session: Session, _settings: Settings) -> Finding:
    return check_durability({name: _shown(session, name) for name in DURABILITY})


def _idle_transactions(session: Session, _settings: Settings) -> Finding:
    name, value = "idle transactions", _shown(session, "idle_in_transaction_session_timeout")
    if value == "0":
        told = "idle_in_transaction_session_timeout is off: one could hold locks for ever."
        return Finding(Level.FAIL, name, told)
    return Finding(Level.OK, name, f"They are ended after {value}.")


def _migrations(session: Session, _settings: Settings) -> Finding:
    wanted = set(ScriptDirectory(str(ROOT / "migrations")).get_heads())
    found = set(MigrationContext.configure(session.connection()).get_current_heads())
    if found == wanted:
        return Finding(Level.OK, "migrations", f"The database is at {', '.join(sorted(found))}.")
    told = f"The database is at {', '.join(sorted(found)) or 'nothing'}, the code at {', '.join(sorted(wanted))}."
    return Finding(Level.FAIL, "migrations", f"{told} Run `crm db upgrade`.")


def _clock(session: Session, _settings: Settings) -> Finding:
    server, ours = session.execute(select(text("clock_timestamp()"), db_now() - text("now()"))).one()
    off = abs((server - now()).total_seconds())
    if ours != timedelta(0):
        told = "The database has crm.clock_offset set; only tests may move time."
        return Finding(Level.FAIL, "clock", told)
    if off > CLOCK_OFF_SECONDS:
        told = f"This machine and the database differ by {off:.0f} s; let both keep time by NTP."
        return Finding(Level.FAIL, "clock", told)
    return Finding(Level.OK, "clock", "This machine and the database agree.")


def _gateway(session: Session, settings: Settings) -> Finding:
    url = get_setting(session, "mobiletech_gateway_url_production")
    if settings.mobiletech_client == "mock":
        level = Level.WARN if settings.is_production else Level.OK
        return Finding(level, "gateway", "The mock client sends nothing; CRM_MOBILETECH_CLIENT=http sends.")
    if not url:
        return Finding(Level.FAIL, "gateway", "Set mobiletech_gateway_url_production: nothing can be sent.")
    if settings.is_production and urlsplit(url).scheme != "https":
        return Finding(Level.FAIL, "gateway", "mobiletech_gateway_url_production must begin with https://.")
    return Finding(Level.OK, "gateway", f"Messages go to {url}.")


def _sending(session: Session, settings: Settings) -> Finding:
    missing = [key for key in NEEDED_TO_SEND if not get_setting(session, key)]
    if not missing:
        return Finding(Level.OK, "sending", "Billing key, service id and short number are set.")
    is_real = settings.is_production or settings.mobiletech_client == "http"
    return Finding(Level.FAIL if is_real else Level.WARN, "sending", f"Set {', '.join(missing)}.")


def _billkeys(session: Session, _settings: Settings) -> Finding:
    """A paid key where the free one is named charges readers for what is meant to be free."""
    name, free = "billing keys", get_setting(session, FREE_SETTING)
    trouble = find_free_trouble(session)
    if trouble is not None:
        return Finding(Level.FAIL, name, str(trouble))
    unlisted = list_unlisted(session)
    if unlisted:
        told = (
            f"{', '.join(unlisted)}: used, and not listed under Billing keys, so what it charges is unknown."
        )
        return Finding(Level.WARN, name, told)
    return Finding(Level.OK, name, f"Every key in use is listed; {free or 'none'} is the free one.")


def _faultless(name: str, list_faults: "Callable[[Session], Sequence[object]]", well: str) -> "Check":
    """Return a check for what somebody else looks at; money that is not charged is a fault in production."""

    def check(session: Session, settings: Settings) -> Finding:
        level, faults = Level.FAIL if settings.is_production else Level.WARN, list_faults(session)
        return Finding(level, name, " ".join(map(str, faults))) if faults else Finding(Level.OK, name, well)

    return check


def _codes(session: Session, settings: Settings) -> Finding:
    """Whoever has forgotten the password gets back in by a code: its text must be there, and hold the code."""
    name, example = "one-time codes", "123456"
    level = Level.FAIL if settings.is_production else Level.WARN
    template = find_template(session, CODE_TEMPLATE)
    if template is None:
        told = f"There is no template {CODE_TEMPLATE!r}: nobody gets a code. `crm seed` adds it."
        return Finding(level, name, told)
    try:
        rendered = render(template, {"code": example, "purpose": "sign_in", "language": "sk"})
    except TemplateLanguageError as error:
        return Finding(level, name, f"The template {CODE_TEMPLATE!r} cannot be used. {error}")
    if example not in rendered.measured.text:
        return Finding(
            level, name, f"The template {CODE_TEMPLATE!r} does not say the code: write {{{{ code }}}}."
        )
    return Finding(Level.OK, name, "They can be sent by SMS.")


def _test_answer(session: Session, settings: Settings) -> Finding:
    name = "test answer"
    key = get_setting(session, "mobiletech_test_billkey")
    code = get_setting(session, "mobiletech_test_template_code")
    if not key and not code:
        return Finding(Level.OK, name, "It is off.")
    if not (key and code):
        return Finding(
            Level.WARN, name, "Only one of its two settings is set, so it is off. Set both or none."
        )
    if find_template(session, code) is None:
        return Finding(
            Level.FAIL, name, f"Its template {code!r} does not exist; `crm template list` shows which do."
        )
    if is_paid(session, key):
        level = Level.FAIL if settings.is_production else Level.WARN
        return Finding(
            level, name, f"Its billing key {key} charges every reader who writes; use the free one."
        )
    return Finding(Level.OK, name, f"Every SMS is answered with {code!r}, free of charge.")


def _worker(session: Session, settings: Settings) -> Finding:
    """Elsewhere than in production nobody is harmed by work that waits."""
    row = session.execute(
        select(time_since(PeriodicRun.started_at), PeriodicRun.gap_ended_at, PeriodicRun.gap_seconds).where(
            PeriodicRun.name == TICK
        )
    ).one_or_none()
    age: timedelta | None = row[0] if row else None
    if row is not None and age is not None and age <= TICK_LATE:
        told = f"One was alive {age.total_seconds():.0f} s ago.{_gap(row[1], row[2], settings)}"
        return Finding(Level.OK, "worker", told)
    seen = "None has ever run"
    if age is not None:
        seen = f"The last sign of one is {age.total_seconds() / 60:.0f} minutes old"
    level = Level.FAIL if settings.is_production else Level.WARN
    return Finding(level, "worker", f"{seen}: start `python worker.py`, or nothing is answered or sent.")


def _gap(ended_at: datetime | None, seconds: int | None, settings: Settings) -> str:
    """Return when work last stood still, or the clock went back: charges and timeouts came late then."""
    if ended_at is None or seconds is None:
        return ""
    told = f"{ended_at.astimezone(settings.timezone):%Y-%m-%d %H:%M}"
    if seconds < 0:
        return f" The clock went back {-seconds} s at {told}."
    return f" Until {told} none was for {seconds / 3600:.1f} h."


def _shown(session: Session, name: str) -> str:
    return str(session.execute(text(f"SHOW {name}")).scalar_one())


Check = Callable[[Session, Settings], Finding]

DATABASE_CHECKS: tuple[tuple[str, Check], ...] = (
    (DATABASE, _database),
    ("durability", _durability),
    ("idle transactions", _idle_transactions),
    ("migrations", _migrations),
    ("ids", _faultless("ids", list_taken_ids, "The next id of every table is free.")),
    ("clock", _clock),
    ("gateway", _gateway),
    ("sending", _sending),
    ("billing keys", _billkeys),
    ("subscription types", _faultless("subscription types", list_all_faults, SOLD_WELL)),
    ("renewals", _faultless("renewals", list_renewal_faults, CHARGED_WELL)),
    ("rules", _faultless("rules", list_rule_faults, "What readers write is answered by rules.")),
    ("one-time codes", _codes),
    ("test answer", _test_answer),
    ("worker", _worker),
)
