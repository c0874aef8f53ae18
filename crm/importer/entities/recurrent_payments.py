"""Import renewals: what is charged next, whom and when. What is charged twice is the worst that can happen.

Why nothing is, branch by branch:

- A line becomes a row only if nothing of its chain (reader and cid) goes on here, or was ended here by a person, and
  nothing here follows the same payment. A chain that we have charged has rows of ours: it takes no more lines.
- A line that follows another payment than the last one of its cid is refused: the old system has charged it since.
- A line that was imported before changes its row only while that waits as it came. Once a charge, a person or a page
  has touched it, the file is history, and the line is unchanged.
- Nothing becomes active by a file but what is new, and what an import itself has kept stopped for a rule that is
  mended now.
- Of two lines with one chain, payment or id the first is taken; of two of one reader and type the second is stopped.
- What is due at once comes in only if that is confirmed. It is spaced from the last payment that was paid, and its
  period is charged by one SMS only, as of every renewal (payments/charging.py): the importer charges nothing.
- A reader who wrote STOP to us after ordering is not charged, though the old system has never heard of it; nor who
  writes it while a batch is open, for that is looked for when it has been committed.

The rows of a chain have to stand in the order in which they came to be. Source: behaviour.md 3.11, 7.6 and 8.7.
"""

from collections.abc import Sequence

from crm.core.copying import by_indexes
from crm.core.errors import N_
from crm.importer.batches import Batch
from crm.importer.columns import Entity, Line
from crm.importer.integrity.late_stops import heed_late_stops
from crm.importer.renewals.again import load_again
from crm.importer.renewals.fresh import load_fresh
from crm.importer.renewals.here import Here
from crm.importer.renewals.records import COLUMNS, RenewalRecord, check
from crm.importer.renewals.references import resolve


def load(batch: Batch, lines: Sequence[Line[RenewalRecord]]) -> None:
    """Write the renewals of a batch: first those that are here already, for they may make room for new ones."""
    with by_indexes(batch.session, may_hash=True):
        _load(batch, lines)


def _load(batch: Batch, lines: Sequence[Line[RenewalRecord]]) -> None:
    resolved = resolve(batch, lines)
    here = Here(batch, resolved)
    known = here.find_known(batch, resolved)
    going = [each for each in resolved if each.number not in batch.outcomes]
    load_again(batch, here, [each for each in going if each.number in known], known)
    load_fresh(batch, here, [each for each in going if each.number not in known])


RECURRENT_PAYMENTS = Entity(
    name="recurrent-payments",
    title=N_("Renewals"),
    summary=N_("What is charged next, whom and when; and what was charged before."),
    columns=COLUMNS,
    record=RenewalRecord,
    load=load,
    check=check,
    look_back=heed_late_stops,
)
