"""One SMS on its way through the rules, and how what was decided is kept."""

import json
from collections.abc import Sequence
from dataclasses import dataclass, field

from sqlalchemy import text
from sqlalchemy.orm import Session

from crm.mobiletech.events import lane_of
from crm.mobiletech.models import InboundMessage
from crm.mobiletech.rules.deciding import KeywordRule, Outcome
from crm.mobiletech.rules.steps import Step, StepKind, step

# One statement for however many; what is decided already stays.
_KEEP = text("""
    INSERT INTO mobiletech_decisions (inbound_message_id, outcome, rule_id, answered_number, steps)
    SELECT * FROM unnest(
        CAST(:ids AS bigint[]), CAST(:outcomes AS text[]), CAST(:rules AS bigint[]),
        CAST(:numbers AS text[]), CAST(:steps AS jsonb[])
    )
    ON CONFLICT (inbound_message_id) DO NOTHING
""")


@dataclass(slots=True)
class Case:
    """What was found out about an SMS so far."""

    message: InboundMessage
    outcome: Outcome
    steps: list[Step]
    rule: KeywordRule | None = None
    failed: Sequence[str] = ()  # handlers before us that will be tried again
    answered_number: str | None = field(default=None)

    @property
    def number(self) -> str:
        """The number of the sender, in one spelling."""
        return lane_of(self.message.from_)

    def add(self, kind: StepKind, **facts: object) -> None:
        """Note one more step."""
        self.steps.append(step(kind, **facts))


def keep_decisions(session: Session, cases: Sequence[Case]) -> None:
    """Store what was decided."""
    if cases:
        values = {
            "ids": [case.message.id for case in cases],
            "outcomes": [str(case.outcome) for case in cases],
            "rules": [case.rule.id if case.rule else None for case in cases],
            "numbers": [case.answered_number for case in cases],
            "steps": [json.dumps(case.steps) for case in cases],
        }
        session.execute(_KEEP, values)
