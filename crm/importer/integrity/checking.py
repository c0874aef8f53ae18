"""The rules of an imported history, and what the last check of each found."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from crm.core.errors import N_
from crm.importer.models import ImportCheck


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    name: str
    meaning: str
    mend: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    count: int
    rows: list[dict[str, Any]] = field(default_factory=list)


RULES: tuple[Rule, ...] = (
    Rule(
        name="R11",
        meaning=N_("No two messages have the same id of the gateway."),
        mend=N_("Import the right id."),
    ),
)


def run_rule(session: Session, rule: Rule) -> Found:
    return Found(count=0)


def read_checks(session: Session) -> Sequence[ImportCheck]:
    return session.execute(select(ImportCheck)).scalars().all()
