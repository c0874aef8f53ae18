"""`crm outbox …`: work that failed, and what a person decides about it."""

import click

from crm.cli.application import needs_app
from crm.cli.output import as_json_option, print_rows
from crm.cli.refusals import Group
from crm.core.db import transaction
from crm.events import queries
from crm.events.models import EntryState, OutboxEntry
from crm.mobiletech.given_up_work import give_up_work
from crm.users.failed_work import retry_work

ENTRY_IDS = click.argument(
    "entry_ids", metavar="ID...", nargs=-1, required=True, type=click.IntRange(1, 2**63 - 1)
)

outbox = Group("outbox", help="Failed asynchronous work.")


REASON = click.option("--reason", default="", help="Why, for the audit log.")
SHOWN = 1000


@outbox.command("list")
@as_json_option
@needs_app
def list_(*, as_json: bool) -> None:
    """Show what failed: first what waits for a person (dead), then what will be tried again."""
    with transaction() as session:
        rows = [_row(entry) for entry in queries.list_failed(session, limit=SHOWN + 1)]
    is_cut, rows = len(rows) > SHOWN, rows[:SHOWN]
    if as_json or not rows:
        print_rows(rows, as_json=as_json, nothing="No work has failed.")
    else:
        _print_whole(rows)
    if is_cut:
        told = f"Only the first {SHOWN} are shown, more has failed. /admin/operations/work has all of it."
        click.echo(told, err=True)


@outbox.command("retry")
@ENTRY_IDS
@REASON
@needs_app
def retry(entry_ids: tuple[int, ...], reason: str) -> None:
    """Run failed work again, now; all of the ids or none."""
    with transaction() as session:
        count = retry_work(session, entry_ids, reason=reason)
    click.echo(f"{count} due now.")


@outbox.command("discard")
@ENTRY_IDS
@REASON
@needs_app
def discard(entry_ids: tuple[int, ...], reason: str) -> None:
    """Give failed work up; the row stays, with its reason. All of the ids or none."""
    with transaction() as session:
        count = give_up_work(session, entry_ids, reason=reason)
    click.echo(f"{count} discarded.")


def _print_whole(rows: list[dict[str, object]]) -> None:
    """Let the reason stand in full below its work: a column would cut it."""
    for row in rows:
        reason = row.pop("error")
        print_rows([row], as_json=False, nothing="")
        click.echo(f"{reason}\n")


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
