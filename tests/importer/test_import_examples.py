"""The sample files import as they stand after `crm seed`, in their order, and again without a change."""

from datetime import timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from flask import Flask
from sqlalchemy import func, select

from crm.audit import list_remarks, run_audit
from crm.core.db import transaction
from crm.events.models import OutboxEntry
from crm.importer.entities import ENTITIES
from crm.importer.examples import FOLDER, read_example
from crm.seed import seed_demo
from crm.seed.standard import seed_standard
from crm.wiring import PERIODIC
from tests.conftest import Clock
from tests.factories.imports import counts_of, import_examples, import_text
from tests.fakes import FakeGateway
from tests.outbox import run_all


def test_each_sample_file_imports_after_those_before_it(app: Flask) -> None:
    with transaction() as session:
        seed_standard(session)

    for entity in ENTITIES:
        example = read_example(entity)
        rows = len(example.splitlines()) - 1
        dry, real = import_text(entity, example, dry=True), import_text(entity, example)
        assert counts_of(dry) == counts_of(real) == (rows, 0, 0, 0), entity
        assert counts_of(import_text(entity, example)) == (0, 0, rows, 0), entity


def test_the_sample_of_json_lines_says_the_same_as_the_one_of_csv(app: Flask) -> None:
    content = (FOLDER / "users.jsonl").read_text(encoding="utf-8")

    first, again = import_text("users", content), import_text("users", read_example("users"))

    assert counts_of(first) == (3, 0, 0, 0)
    assert counts_of(again) == (0, 0, 3, 0)


def test_the_sample_files_import_beside_the_demo(app: Flask, tmp_path: Path) -> None:
    with transaction() as session:
        seed_standard(session)
        seed_demo(session, logins_file=tmp_path / "logins.txt", zone=ZoneInfo("Europe/Bratislava"))

    for entity in ENTITIES:
        example = read_example(entity)
        rows = len(example.splitlines()) - 1
        assert counts_of(import_text(entity, example)) == (rows, 0, 0, 0), entity


def test_after_the_sample_files_nothing_is_wrong_and_nothing_is_to_be_done(
    app: Flask, clock: Clock, gateway: FakeGateway
) -> None:
    with transaction() as session:
        seed_standard(session)
    import_examples(*ENTITIES)

    for _ in range(2):
        for task in PERIODIC:
            task.run()
        run_all()
        clock.advance(timedelta(days=1))

    with transaction() as session:
        assert (run_audit(session), list_remarks(session)) == ([], [])
        assert session.execute(select(func.count()).select_from(OutboxEntry)).scalar_one() == 0
    assert gateway.sent == []
