"""The commands of `crm`, one table. A module is imported only when its command is called.

Source: interface.md section 5.
"""

from typing import TYPE_CHECKING

from crm.cli.lazy import Entry, LazyGroup

if TYPE_CHECKING:
    from flask import Flask  # a quarter of a second that `crm --help` does not need

COMMANDS = {
    "dev": Entry("crm.cli.dev:dev", "Run everything on this machine; Ctrl-C stops it."),
    "db": Entry("crm.cli.db:db", "Migrations: upgrade, current and the rest; backup, restore."),
    "seed": Entry("crm.cli.seed:seed", "Standard templates; with --demo people and messages to look at."),
    "user": Entry("crm.cli.user:user", "People: create."),
    "phone": Entry("crm.cli.phone:phone", "Phone numbers of people: link."),
    "token": Entry("crm.cli.token:token", "API tokens: create, list, revoke."),
    "settings": Entry("crm.cli.settings:settings", "Business settings: list, get, set."),
    "template": Entry("crm.cli.template:template", "SMS templates: list, show, set."),
    "mobiletech": Entry("crm.cli.mobiletech:mobiletech", "Send a test message; play the gateway."),
    "payments": Entry("crm.cli.payments:payments", "Renewals: charge what is due, hold, resume."),
    "import": Entry("crm.cli.imports:imports", "Moving in: import a history from files, check it."),
    "outbox": Entry("crm.cli.outbox:outbox", "Failed work: list, retry, discard."),
    "doctor": Entry("crm.cli.doctor:doctor", "Look for what is set wrongly; exit 1 if anything is."),
    "audit": Entry("crm.cli.audit:audit", "Check the invariants; exit 1 if one is broken."),
    "sms": Entry("crm.cli.sms:sms", "Texts of SMS: measure."),
    "setup": Entry("crm.cli.setup:setup", "The publisher's set-up as one YAML file: apply, export."),
    "simulator": Entry("crm.cli.simulator:simulator", "The gateway's side, with a phone in the browser."),
}

crm = LazyGroup("crm", table=COMMANDS, help="Subscriptions sold by premium SMS.")


def main() -> None:
    """Run the command line and exit with its status."""
    crm(prog_name="crm")


def attach(app: "Flask") -> None:
    """Make the same commands reachable as `flask --app app …`."""
    app.cli = LazyGroup(app.cli.name, table=COMMANDS)
