"""The sample files import as they stand after `crm seed`, in their order, and again without a change."""

from flask import Flask

from crm.core.db import transaction
from crm.importer.entities import ENTITIES
from crm.importer.examples import read_example
from crm.seed.standard import seed_standard
from tests.factories.imports import counts_of, import_text


def test_each_sample_file_imports_after_those_before_it(app: Flask) -> None:
    with transaction() as session:
        seed_standard(session)

    for entity in ENTITIES:
        example = read_example(entity)
        rows = len(example.splitlines()) - 1
        dry, real = import_text(entity, example, dry=True), import_text(entity, example)
        assert counts_of(dry) == counts_of(real) == (rows, 0, 0, 0), entity
        assert counts_of(import_text(entity, example)) == (0, 0, rows, 0), entity
