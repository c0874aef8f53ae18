"""Have the rules of an imported history checked by a worker: one piece of work for each, one after another."""

from collections.abc import Mapping, Sequence

from sqlalchemy import select
from sqlalchemy.orm import Session

from crm.core.clock import db_now
from crm.core.db import current_session
from crm.events.models import EntryState, OutboxEntry
from crm.events.publish import Work, publish_many
from crm.events.registry import Event
from crm.importer.events import IMPORT_CHECK
from crm.importer.integrity.checking import check_rule
from crm.importer.integrity.rules import RULES, Rule

LANE = "import-check"  # of a lane one is run at once: no transaction holds all the rules
RULES_BY_NAME: Mapping[str, Rule] = {rule.name: rule for rule in RULES}


def ask_for_checks(session: Session) -> bool:
    """Have every rule checked; return False if that is going on already."""
    if is_checking(session):
        return False
    asked_at = session.execute(select(db_now())).scalar_one().timestamp()
    work = [
        Work(key=f"{LANE}:{name}:{asked_at}", payload={"rule": name}, lane=LANE, is_bulk=True)
        for name in RULES_BY_NAME
    ]
    return bool(publish_many(session, IMPORT_CHECK, work))


def is_checking(session: Session) -> bool:
    """Return whether rules wait to be checked; one that failed and is tried later counts no more."""
    waiting = select(OutboxEntry.id).where(
        OutboxEntry.lane == LANE,
        OutboxEntry.finished_at.is_(None),
        OutboxEntry.state == EntryState.READY,
        OutboxEntry.attempts == 0,
    )
    return session.execute(select(waiting.exists())).scalar_one()


def run_checks(events: Sequence[Event]) -> None:
    """Check the rules that are asked for, and keep what is found."""
    session = current_session()
    for event in events:
        rule = RULES_BY_NAME.get(event["rule"])
        if rule is not None:  # else it was of an older release
            check_rule(session, rule)
