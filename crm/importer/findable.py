"""Keep what an import brings findable, as live messages are: their numbers, and the words of the newest."""

from collections.abc import Collection, Mapping
from datetime import datetime

from crm.importer.batches import Batch
from crm.mobiletech.search.housekeeping import KEPT
from crm.mobiletech.search.keeping import keep_words
from crm.users.numbers import note_numbers


def keep_findable(
    batch: Batch,
    *,
    numbers: Collection[str],
    inbound_ids: Mapping[int, datetime] | None = None,
    outbound_ids: Mapping[int, datetime] | None = None,
) -> None:
    """Note the numbers, and the words of the messages that the search still looks at; ids with their times."""
    note_numbers(batch.session, numbers)
    since = batch.context.now - KEPT
    keep_words(
        batch.session,
        inbound_ids=[each for each, at in (inbound_ids or {}).items() if at > since],
        outbound_ids=[each for each, at in (outbound_ids or {}).items() if at > since],
    )
