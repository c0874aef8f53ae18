"""Whether an imported renewal may go on at all: what came in stopped was asked no rule, and asks it when it goes on.

Before the first charge of one it is asked as well whether its reader has written STOP to us, or stopped the same here:
what came in the very moment of the import found nothing to stop. The importer above answers; wiring.py fills the port.
Without it no rule and no STOP is known that forbids it.
"""

from collections.abc import Callable, Collection, Mapping, Sequence

from sqlalchemy.orm import Session

from crm.core.errors import Said
from crm.payments.errors import BrokenRuleError, StoppedByReaderError
from crm.payments.models import RecurrentPayment

# renewals -> the rules that each would break if it were active; whole ones are absent
FindBroken = Callable[[Session, Collection[int]], Mapping[int, Sequence[str]]]
# renewals -> the note of what each one's reader has done to end it since it came, or was moved; what goes on is absent
FindStops = Callable[[Session, Collection[int]], Mapping[int, Said]]
# whether an import keeps a renewal stopped for a rule
IsKept = Callable[[Session, int], bool]
# renewals -> those that an SMS of the old system may have charged, of which nobody knows
FindOpen = Callable[[Session, Collection[int]], Collection[int]]


class ImportRules:
    """Holds whoever knows the rules and the readers' SMS."""

    def __init__(self) -> None:
        self.find_broken: FindBroken = lambda _session, _renewal_ids: {}
        self.find_stops: FindStops = lambda _session, _renewal_ids: {}
        self.is_kept: IsKept = lambda _session, _renewal_id: False
        self.find_open: FindOpen = lambda _session, _renewal_ids: ()


import_rules = ImportRules()


def refuse_stopped(session: Session, row: RecurrentPayment) -> None:
    """Refuse to let a renewal go on whose reader has written STOP since it was over: then there was nothing to stop.

    Raises: StoppedByReaderError.
    """
    stop = import_rules.find_stops(session, [row.id]).get(row.id)
    if stop is not None:
        raise StoppedByReaderError(stop)


def refuse_broken(session: Session, row: RecurrentPayment, *, by_user: bool) -> None:
    """Refuse to let an imported renewal go on that breaks a rule.

    Raises: BrokenRuleError.
    """
    if row.import_id is None:
        return
    broken = import_rules.find_broken(session, [row.id]).get(row.id)
    if broken:
        raise BrokenRuleError(broken, by_user=by_user)


def is_kept(session: Session, row: RecurrentPayment) -> bool:
    """Return whether an import keeps a renewal stopped: it goes on by what is mended, and by nothing else."""
    return row.import_id is not None and import_rules.is_kept(session, row.id)


def find_stops(session: Session, rows: Sequence[RecurrentPayment]) -> Mapping[int, Said]:
    """Return, of rows that wait just as they were imported, those whose readers have ended them: the note by id.

    Whoever touched a row since knew of that, or it saw the row: nothing is asked of it.
    """
    ids = [row.id for row in rows if row.import_id is not None and row.updated_at == row.created_at]
    return import_rules.find_stops(session, ids) if ids else {}
