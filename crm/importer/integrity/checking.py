"""Ask the database each rule, and keep what it found for the page: the count, and the first rows behind it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import func, select, text
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from crm.core.clock import monotonic
from crm.importer.integrity.questions import SOURCE_KEYS
from crm.importer.integrity.rules import RULES, Rule, parts_of
from crm.importer.models import ImportCheck

SHOWN = 200
_TAKE_TIME = text("SET LOCAL statement_timeout = 0")  # ten million messages take longer than a page may


@dataclass(frozen=True, slots=True)
class Found:
    """How many rows break a rule, and the first of them.

    Shape: each row has `kind` (questions.Kind) and `id`, which lead to its page, and what tells why; no numbers of
    people.
    """

    count: int
    rows: Sequence[Mapping[str, Any]]


def run_rule(session: Session, rule: Rule) -> Found:
    """Return what breaks a rule now."""
    parts = parts_of(session, rule)
    if not parts:
        return Found(0, ())
    asked = " UNION ALL ".join(part.of_all for part in parts)
    session.execute(_TAKE_TIME)
    # a row that breaks a rule twice is one row; the count is that of all, the rows are the first
    found = text(
        f"SELECT kind, id, details, count(*) OVER () AS count"  # noqa: S608 - our own questions
        f" FROM (SELECT DISTINCT ON (kind, id) kind, id, details FROM ({asked}) AS asked ORDER BY kind, id) AS found"
        f" ORDER BY kind, id LIMIT {SHOWN}"
    )
    rows = session.execute(found).mappings().all()
    told = [{"kind": row["kind"], "id": row["id"], **_told(row["details"])} for row in rows]
    return Found(rows[0]["count"] if rows else 0, told)


def check_rule(session: Session, rule: Rule) -> Found:
    """Ask one rule, keep what it found, and return it."""
    began = monotonic()
    found = run_rule(session, rule)
    values = {
        "count": found.count,
        "rows": [dict(row) for row in found.rows],
        "took_ms": round(1000 * (monotonic() - began)),
        "checked_at": func.crm_now(),
    }
    kept = insert(ImportCheck).values(rule=rule.name, **values)
    session.execute(kept.on_conflict_do_update(index_elements=["rule"], set_=values))
    return found


def read_checks(session: Session) -> Sequence[ImportCheck]:
    """Return what the last check found, in the order of the rules; nothing before the first one."""
    kept = {each.rule: each for each in session.execute(select(ImportCheck)).scalars()}
    return [kept[rule.name] for rule in RULES if rule.name in kept]


def _told(details: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in details.items() if value is not None or name not in SOURCE_KEYS}
