"""`crm payments …`: charge what is due, hold all renewals and let them go on."""

import click

from crm.cli.application import needs_app
from crm.cli.refusals import Group, Refusal
from crm.core.db import transaction
from crm.payments.charging import CEILING
from crm.payments.charging_run import charge_due
from crm.payments.holding import find_hold, hold, resume
from crm.payments.why_not_due import list_why_not_due

payments = Group("payments", help="Renewals: charge, hold, resume.")

LARGEST = 2**63 - 1


class Ids(click.ParamType[tuple[int, ...]]):
    """Ids with commas between."""

    name = "1,2"

    def convert(
        self, value: object, param: click.Parameter | None, ctx: click.Context | None
    ) -> tuple[int, ...]:
        """Read them; what is no id is named."""
        parts = [part.strip() for part in str(value).split(",")]
        for part in parts:
            if not (part.isascii() and part.isdigit() and 0 < int(part) <= LARGEST):
                self.fail(f"{part!r} is no id; write ids with commas between, such as 1,2", param, ctx)
        return tuple(dict.fromkeys(int(part) for part in parts))


@payments.command("charge")
@click.option(
    "--recurrent-payment-ids", "ids", type=Ids(), default=None, help="Only these renewals, if they are due."
)
@needs_app
def charge(ids: tuple[int, ...] | None) -> None:
    """Charge every renewal that is due; safe to run twice at once."""
    with transaction() as session:
        told = list_why_not_due(session, ids) if ids else []
    done = charge_due(ids=ids)
    for line in told:
        click.echo(line, err=True)
    if done.is_held:
        with transaction() as session:
            held = find_hold(session)
        raise Refusal(
            f"Renewals are held since {held.since:%Y-%m-%d %H:%M} UTC: {held.reason or 'no reason given'}."
            " `crm payments resume` lets them go on."
            if held
            else "Renewals were held."
        )
    click.echo(f"charged {done.begun} refused {done.refused} postponed {done.postponed}")
    if done.is_capped:
        click.echo(
            f"The ceiling of the hour is reached ({CEILING}); the rest is charged as the hour goes on.",
            err=True,
        )
    if told:
        raise Refusal(f"{len(told)} of the renewals named were not due.")


@payments.command("hold")
@click.option("--reason", default="", help="Why, for the audit log and the pages.")
@needs_app
def hold_(reason: str) -> None:
    """Charge nothing from now on, neither here nor by a worker, and tell no reader of a renewal to come."""
    with transaction() as session:
        is_new = hold(session, reason=reason)
    click.echo("Renewals are held." if is_new else "Renewals were held already.")


@payments.command("resume")
@click.option("--reason", default="", help="Why, for the audit log.")
@needs_app
def resume_(reason: str) -> None:
    """Let renewals be charged again; what became due meanwhile is due now."""
    with transaction() as session:
        is_new = resume(session, reason=reason)
    click.echo("Renewals go on." if is_new else "Nothing was held.")
