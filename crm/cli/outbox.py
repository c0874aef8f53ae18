"""`crm outbox …`: work that failed, and what a person decides about it."""

import click

from crm.cli.application import needs_app
from crm.cli.output import as_json_option, print_rows
from crm.cli.refusals import Group
from crm.core.db import transaction
from crm.events import queries
from crm.events.models import EntryState, OutboxEntry
from crm.users.audit_log import record_act

ENTRY_IDS = click.argument(
    "entry_ids", metavar="ID...", nargs=-1, required=True, type=click.IntRange(1, 2**63 - 1)
)

outbox = Group("outbox", help="Failed asynchronous work.")


@outbox.command("list")
@as_json_option
@needs_app
def list_(*, as_json: bool) -> None:
    """Show what failed: first what waits for a person (dead), then what will be tried again."""
    with transaction() as session:
        rows = [_row(entry) for entry in queries.list_failed(session)]
    if as_json or not rows:
        print_rows(rows, as_json=as_json, nothing="No work has failed.")
        return
    # The reason stands in full below its work: a column would cut it.
    for row in rows:
        reason = row.pop("error")
        print_rows([row], as_json=False, nothing="")
        click.echo(f"{reason}\n")


@outbox.command("retry")
@ENTRY_IDS
@needs_app
def retry(entry_ids: tuple[int, ...]) -> None:
    """Run failed work again, now; all of the ids or none."""
    chosen = set(entry_ids)
    with transaction() as session:
        for entry_id in sorted(chosen):
            queries.retry(session, entry_id)
            record_act(session, "work.retry", f"work {entry_id}")
    click.echo(f"{len(chosen)} due now.")


@outbox.command("discard")
@ENTRY_IDS
@needs_app
def discard(entry_ids: tuple[int, ...]) -> None:
    """Give failed work up; the row stays, with its reason. All of the ids or none."""
    chosen = set(entry_ids)
    with transaction() as session:
        for entry_id in sorted(chosen):
            queries.discard(session, entry_id)
            record_act(session, "work.discard", f"work {entry_id}")
    click.echo(f"{len(chosen)} discarded.")


def _row(entry: OutboxEntry) -> dict[str, object]:
    will_run = entry.state == EntryState.READY
    return {
        "id": entry.id,
        "state": "tried again" if will_run else "waits for a person",
        "event": entry.event,
        "handler": entry.handler,
        "about": ", ".join(f"{name}={value}" for name, value in entry.payload.items()),
        "attempts": entry.attempts,
        "next_try": entry.available_at if will_run else None,
        "error": entry.error or "",
    }
