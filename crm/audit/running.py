"""Ask the database each question, tell the log and the metrics, read what was told."""

import re
from collections.abc import Iterable, Iterator

from sqlalchemy import text
from sqlalchemy.orm import Session

from crm.audit import messages, money
from crm.audit.kinds import SHOWN, Finding, Invariant
from crm.core import metrics
from crm.core.db import transaction
from crm.core.log import get_logger

log = get_logger(__name__)

INVARIANTS = (*messages.INVARIANTS, *money.INVARIANTS)
REMARKS = (*messages.REMARKS, *money.REMARKS)
_FINDING = re.compile(r"\b([a-z_]+)=([0-9]+)\b")


def run_audit(session: Session) -> list[Finding]:
    """Return what breaks an invariant; an empty list is good news."""
    return list(_ask(session, INVARIANTS))


def list_remarks(session: Session) -> list[Finding]:
    """Return what breaks nothing and is listed apart."""
    return list(_ask(session, REMARKS))


def audit_and_alert() -> str | None:
    """Run the audit, tell the log and the metrics what it found, and return it for the table of periodic work."""
    with transaction() as session:
        findings = run_audit(session)
    metrics.count("audit_findings_total", len(findings))
    for finding in findings:
        log.error("audit_finding", invariant=finding.invariant.name, rows=len(finding.rows))
    return " ".join(f"{finding.invariant.name}={len(finding.rows)}" for finding in findings) or None


def read_findings(told: str) -> list[tuple[Invariant, int]]:
    """Return what `audit_and_alert` said: what is broken, by how many rows (SHOWN or more are SHOWN).

    Words that are none of its own, such as those of a run that failed, say nothing.
    """
    known = {invariant.name: invariant for invariant in INVARIANTS}
    return [(known[name], int(count)) for name, count in _FINDING.findall(told) if name in known]


def _ask(session: Session, questions: Iterable[Invariant]) -> Iterator[Finding]:
    for question in questions:
        rows = session.execute(text(f"{question.query} LIMIT {SHOWN}")).mappings().all()
        if rows:
            yield Finding(question, tuple(dict(row) for row in rows))
