"""PostgreSQL and Valkey from wheels, started for whoever needs them and stopped after the last one.

A process that calls `ensure_…` holds a shared file lock for as long as it lives; the kernel lets go of it
even after SIGKILL. A small keeper (`keeper.py`) is the servers' parent: it waits for that lock to be free,
then stops its server. So there is no count of users that could go wrong, and nothing to do at exit.
"""

from crm.core.embedded.databases import drop_database, ensure_database
from crm.core.embedded.postgres import ensure_postgres
from crm.core.embedded.server import release
from crm.core.embedded.valkey import ensure_valkey

__all__ = ["drop_database", "ensure_database", "ensure_postgres", "ensure_valkey", "release"]
