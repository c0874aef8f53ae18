"""`crm seed`: safe to run twice, sends nothing, takes nothing away from a publisher."""

import stat
from datetime import timedelta
from pathlib import Path

import pytest
from argon2 import PasswordHasher
from sqlalchemy import func, select

from crm.audit import run_audit
from crm.cli import seed as seed_command
from crm.core.business_settings import get_setting
from crm.core.clock import db_now
from crm.core.db import transaction
from crm.events.drain import drain
from crm.mobiletech.models import InboundMessage, OutboundMessage
from crm.payments.models import Payment, RecurrentPayment
from crm.payments.statuses import RecurrentState
from crm.users import passwords
from crm.users.models import User
from crm.users.passwords import verify_password
from crm.users.queries import find_by_email, find_by_phone
from tests.cli.conftest import Run
from tests.fakes import FakeGateway


@pytest.fixture(autouse=True)
def cheap_hashes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(passwords, "_hasher", PasswordHasher(time_cost=1, memory_cost=8, parallelism=1))


@pytest.fixture(autouse=True)
def logins(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    path = tmp_path / "var" / "demo-logins.txt"
    monkeypatch.setattr(seed_command, "LOGINS", path)
    return path


def test_standard_templates_are_added_once_and_changes_stay(run: Run) -> None:
    run("seed")
    run("template", "set", "pong", "--content", "Naša odpoveď")

    assert run("seed").stdout == "templates 0 added\n"
    assert run("template", "show", "pong").stdout == "Naša odpoveď\n"
    assert run("settings", "get", "mobiletech_billkey_free").stdout == "\n"


def test_demo_is_worth_looking_at_and_sound(run: Run, gateway: FakeGateway) -> None:
    assert run("seed", "--demo").exit_code == 0
    drain(for_seconds=5)

    assert gateway.sent == []
    with transaction() as session:
        assert run_audit(session) == []
        states = set(session.execute(select(OutboundMessage.state)).scalars())
        assert {"accepted", "rejected", "unknown", "held", "expired"} <= states
        assert set(session.execute(select(OutboundMessage.billing)).scalars()) == {"none", "failed", "billed"}
        assert session.execute(select(func.max(OutboundMessage.parts))).scalar_one() > 1
        odd = select(func.count()).where(InboundMessage.duplicate_of.is_not(None))
        assert session.execute(odd).scalar_one() == 1
        readers = select(func.count()).where(User.role == "customer")
        assert session.execute(readers).scalar_one() == 99


def test_the_money_of_the_demo_has_everything_that_people_ask_about(run: Run) -> None:
    run("seed", "--demo")

    with transaction() as session:
        assert set(session.execute(select(Payment.status)).scalars()) == {"form", "paid", "fail", "refund"}
        failures = set(session.execute(select(Payment.failure)).scalars())
        assert failures >= {"no_credit", "blocked", "technical", "no_answer", "ours", "person", None}
        assert set(session.execute(select(RecurrentPayment.state)).scalars()) == set(RecurrentState)
        first = select(Payment.created_at).order_by(Payment.created_at).limit(1)
        assert session.execute(select(db_now() - first.scalar_subquery())).scalar_one() > timedelta(days=80)
        paid = select(func.sum(Payment.amount)).where(Payment.status.in_(["paid", "refund"]))
        billed = select(func.sum(Payment.amount)).where(
            Payment.id.in_(select(OutboundMessage.payment_id).where(OutboundMessage.billing == "billed"))
        )
        assert session.execute(paid).scalar_one() == session.execute(billed).scalar_one()
        paused = select(func.count()).where(RecurrentPayment.paused_at.is_not(None))
        assert session.execute(paused).scalar_one() == 1


def test_the_clock_is_right_again_after_the_demo(run: Run) -> None:
    run("seed", "--demo")

    with transaction() as session:
        assert session.execute(select(db_now() == func.now())).scalar_one()


def test_demo_twice_adds_nothing(run: Run, logins: Path) -> None:
    first = run("seed", "--demo")
    written = logins.read_text()
    second = run("seed", "--demo")

    assert "messages 0 added" not in first.stdout
    assert second.stdout.splitlines() == [
        f"{name} 0 added" for name in ("templates", "settings", "readers", "messages", "logins")
    ]
    assert logins.read_text() == written


def test_the_people_of_the_demo_sign_in_with_printed_passwords_which_nobody_else_may_read(
    run: Run, logins: Path
) -> None:
    printed = run("seed", "--demo").stdout
    lines = [line.split() for line in logins.read_text().splitlines()[1:]]

    assert stat.S_IMODE(logins.stat().st_mode) == 0o600
    assert [line[0] for line in lines] == ["admin", "billing", "editor", "support", "reader"]
    with transaction() as session:
        for role, name, password in lines:
            user = find_by_email(session, name) or find_by_phone(session, name)
            assert user is not None
            assert user.role == role.replace("reader", "customer")
            assert verify_password(password, user.password)
            assert password in printed
    assert len({password for _, _, password in lines}) == 5


def test_lost_logins_are_told_how_to_replace(run: Run, logins: Path) -> None:
    run("seed", "--demo")
    logins.unlink()

    assert "crm user create --role admin" in run("seed", "--demo").stdout


def test_demo_leaves_a_publishers_settings_alone(run: Run) -> None:
    run("settings", "set", "mobiletech_serv_id", "42")

    run("seed", "--demo")

    with transaction() as session:
        assert get_setting(session, "mobiletech_serv_id") == "42"
        assert get_setting(session, "mobiletech_billkey_free") == "AZ19"


def test_demo_is_refused_in_production(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    from dataclasses import replace

    real = seed_command.current_settings()
    monkeypatch.setattr(seed_command, "current_settings", lambda: replace(real, env="production"))

    result = run("seed", "--demo")

    assert (result.exit_code, result.stdout) == (1, "")
    with transaction() as session:
        assert session.execute(select(func.count()).select_from(User)).scalar_one() == 0
