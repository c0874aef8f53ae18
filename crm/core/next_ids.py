"""The next id of a table must be free: a backup restored halfway puts the counters back, and not the rows."""

from sqlalchemy import text
from sqlalchemy.orm import Session

from crm.core.db import Base


def list_taken_ids(session: Session) -> list[str]:
    """Return, a sentence each, the tables in which no row can be stored, for the next id is taken."""
    behind = [
        f"SELECT '{table.name}' AS name FROM {table.name} HAVING max(id) > coalesce("  # noqa: S608 - our own tables
        f"pg_sequence_last_value(CAST(pg_get_serial_sequence('{table.name}', 'id') AS regclass)), 0)"
        for table in Base.metadata.sorted_tables
        if "id" in table.c and table.c.id.identity is not None
    ]
    names = session.execute(text(f"{' UNION ALL '.join(behind)} ORDER BY name")).scalars()
    told = "the next id is taken; a backup was restored halfway: restore it by `crm db restore`."
    return [f"{name}: {told}" for name in names]
