"""Keep what an import brings findable, as live messages are: their numbers, and the words of the newest."""

from collections.abc import Collection

from sqlalchemy import select

from crm.core.copying import among
from crm.importer.batches import Batch
from crm.mobiletech.models import InboundMessage, OutboundMessage
from crm.mobiletech.search.keeping import keep_words
from crm.users.numbers import note_numbers


def keep_findable(
    batch: Batch, *, numbers: Collection[str], inbound: Collection[str] = (), outbound: Collection[str] = ()
) -> None:
    """Note the numbers, and the words of messages, by the gateway's ids: of those that the search still looks at."""
    fresh = batch.memory.list_unnoted(numbers)
    note_numbers(batch.session, fresh)
    batch.memory.note(fresh)
    keep_words(
        batch.session,
        inbound_ids=_ids(batch, InboundMessage, inbound),
        outbound_ids=_ids(batch, OutboundMessage, outbound),
    )


def _ids(
    batch: Batch, table: type[InboundMessage] | type[OutboundMessage], wanted: Collection[str]
) -> list[int]:
    if not wanted:
        return []
    found = select(table.id).where(among(table.mobiletech_id, wanted))
    return list(batch.session.execute(found).scalars())
