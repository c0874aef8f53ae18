"""What commands change is in the audit log, as done by the command line; what they only look at is not."""

from pathlib import Path

import pytest
from sqlalchemy import func, update

from crm.core.db import transaction
from crm.events.models import OutboxEntry
from crm.events.publish import publish
from crm.mobiletech.events import INBOUND
from crm.users.models import AuditEntry
from tests.cli.conftest import Run
from tests.stored import read

SETUP = 'settings: {vat_rate: "23"}\ntemplates: [{code: pong, purpose: service, content: Ahoj}]'


def test_every_command_that_changes_something_writes_an_act(run: Run, tmp_path: Path) -> None:
    _failed_work(1)
    _failed_work(2)
    (tmp_path / "setup.yaml").write_text(SETUP)
    commands = (
        ["user", "create", "--email", "eva@example.sk"],
        ["phone", "link", "0908 123 456", "1"],
        ["token", "create", "shop", "--scope", "mobiletech:server-proxy"],
        ["token", "revoke", "shop"],
        ["settings", "set", "vat_rate", "20"],
        ["template", "set", "welcome", "--content", "Vitajte"],
        ["template", "set", "welcome", "--content", "Vitajte u nas"],
        ["outbox", "retry", "1"],
        ["outbox", "discard", "2"],
        ["setup", "apply", str(tmp_path / "setup.yaml")],
    )

    results = [run(*command) for command in commands]

    assert [result.exit_code for result in results] == [0] * len(commands)
    assert read(AuditEntry.action, AuditEntry.subject, order=AuditEntry.id) == [
        ("user.create", "user 1"),
        ("user.link_number", "user 1"),
        ("token.create", "token shop"),
        ("token.revoke", "token shop"),
        ("setting.change", "setting vat_rate"),
        ("template.create", "template welcome"),
        ("template.save", "template welcome"),
        ("work.retry", "work 1"),
        ("work.discard", "work 2"),
        ("setting.change", "setting vat_rate"),
        ("template.create", "template pong"),
    ]
    assert set(read(AuditEntry.actor, AuditEntry.actor_id)) == {("command line", None)}


def test_a_template_is_in_the_log_with_the_text_before_and_after(run: Run) -> None:
    run("template", "set", "welcome", "--content", "Vitajte")
    run("template", "set", "welcome", "--content", "Vitajte u nas")

    assert read(AuditEntry.before, AuditEntry.after, order=AuditEntry.id)[1] == (
        {"version": 1, "content": "Vitajte"},
        {"version": 2, "content": "Vitajte u nas"},
    )


@pytest.mark.parametrize(
    "command",
    [
        ["settings", "set", "vat_rate", "0"],
        ["settings", "set", "vat_rate", "much"],
        ["settings", "set", "no_such_key", "1"],
        ["settings", "list"],
        ["user", "create", "--email", "eva"],
        ["phone", "link", "8877", "4711"],
        ["token", "revoke", "shop"],
        ["outbox", "retry", "4711"],
        ["template", "set", "welcome", "--content", "{% for a in b %}"],
    ],
    ids=" ".join,
)
def test_what_changes_nothing_is_no_act(run: Run, command: list[str]) -> None:
    run(*command)

    assert read(AuditEntry.id) == []


def test_no_secret_is_in_the_log(run: Run) -> None:
    secret = run("token", "create", "shop", "--scope", "mobiletech:server-proxy").stdout.splitlines()[-1]
    run("user", "create", "--email", "eva@example.sk", "--password", "correct horse battery")

    told = str(
        read(AuditEntry.before, AuditEntry.after, AuditEntry.subject, AuditEntry.reason, order=AuditEntry.id)
    )
    assert secret not in told
    assert "correct horse" not in told
    assert "$argon2" not in told


def _failed_work(number: int) -> None:
    with transaction() as session:
        publish(session, INBOUND, {"mobiletech_inbound_message_id": number}, key=f"inbound:{number}/gone")
        session.execute(
            update(OutboxEntry)
            .where(OutboxEntry.key == f"inbound:{number}/gone")
            .values(state="dead", handler="gone", attempts=8, error="gone", finished_at=func.crm_now())
        )
