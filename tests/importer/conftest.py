"""What every test of the importer begins with."""

import pytest

from tests.importer.histories import begin_moment


@pytest.fixture(autouse=True)
def _one_moment() -> None:
    begin_moment()
