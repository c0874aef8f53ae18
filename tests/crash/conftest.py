"""The stage of the crash tests."""

import os
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from tests.conftest import TEST_VAR
from tests.crash.gateway import TinyGateway
from tests.crash.hotline import Hotline
from tests.crash.processes import WarmServer
from tests.crash.servers import Servers
from tests.crash.story import FREE_KEY, PAID_KEY, Stage
from tests.crash.witness import TABLE


@pytest.fixture(scope="session")
def servers(redis_url: str) -> Servers:
    """Return an empty database on a server that no other test uses."""
    return Servers(TEST_VAR / f"crash-{os.environ.get('PYTEST_XDIST_WORKER', 'master')}", redis_url)


@pytest.fixture(scope="session")
def stage(servers: Servers) -> Iterator[Stage]:
    """Return servers, processes and gateway, ready for stories."""
    with TemporaryDirectory(prefix="crm-crash-") as name:
        folder = Path(name)
        environ = {
            "CRM_ENV": "test",
            "DATABASE_URL": servers.database_url,
            "REDIS_URL": servers.redis_url,
            "SECRET_KEY": "a key for tests that nobody else uses anywhere",
            "CRM_MOBILETECH_CLIENT": "http",
            "CRM_EXTENSIONS": "tests.crash.witness",
            "CRM_MOBILETECH_MAX_PAID_PER_DAY": "0",
        }
        gateway, hotline = TinyGateway(), Hotline(folder)
        environ["CRM_MOBILETECH_GATEWAY_URL_PRODUCTION"] = gateway.url
        servers.sql(TABLE)
        warm = WarmServer(folder, environ)
        stage = Stage(
            servers=servers, warm=warm, gateway=gateway, hotline=hotline, folder=folder, environ=environ
        )
        yield stage
        hotline.stop()
        gateway.stop()
        warm.stop()


@pytest.fixture(params=[True, False], ids=["paid", "free"])
def paid(request: pytest.FixtureRequest, stage: Stage) -> bool:
    """Let the answers charge the reader, or not."""
    stage.answer_with(PAID_KEY if request.param else FREE_KEY)
    return bool(request.param)
