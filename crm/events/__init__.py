"""First floor: the outbox. Whatever must still happen is a row, written in the transaction of its cause.

Redis and RQ only carry the news that something is due; whoever loses the news loses nothing, because
the pump looks at the table. Effects inside the database happen exactly once: they and the mark "done"
are one transaction. Handlers are registered from above; this package knows names and payloads.
"""
