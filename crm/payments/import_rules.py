"""Whether an imported renewal may go on at all: what came in stopped was asked no rule, and asks it when it goes on.

The importer above answers; wiring.py fills the port. Without it no rule is known that forbids it.
"""

from collections.abc import Callable, Collection, Mapping, Sequence

from sqlalchemy.orm import Session

from crm.payments.errors import BrokenRuleError
from crm.payments.models import RecurrentPayment

# renewals -> the rules that each would break if it were active; whole ones are absent
FindBroken = Callable[[Session, Collection[int]], Mapping[int, Sequence[str]]]


class ImportRules:
    """Holds whoever knows the rules."""

    def __init__(self) -> None:
        self.find_broken: FindBroken = lambda _session, _renewal_ids: {}


import_rules = ImportRules()


def refuse_broken(session: Session, row: RecurrentPayment, *, by_user: bool) -> None:
    """Refuse to let an imported renewal go on that breaks a rule.

    Raises: BrokenRuleError.
    """
    if row.import_id is None:
        return
    broken = import_rules.find_broken(session, [row.id]).get(row.id)
    if broken:
        raise BrokenRuleError(broken, by_user=by_user)
