"""A browser of staff inside this process: it asks for pages, and says how long the server took."""

import re
import time
from collections.abc import Callable, Mapping, Sequence
from statistics import quantiles

from flask import Flask
from flask.testing import FlaskClient

from benchmarks.errors import BenchmarkError
from benchmarks.stage import HOST_NAME
from crm.core.db import transaction
from crm.users.accounts import create_user
from crm.users.queries import find_by_email
from crm.users.roles import Role

EMAIL, PASSWORD = "benchmark@example.sk", "a password for benchmarks"
BASE_URL = f"https://{HOST_NAME}"
_TOKEN = re.compile(r'name="csrf_token"[^>]*value="([^"]+)"')


def sign_in(app: Flask) -> FlaskClient:
    """Return a browser in which a member of staff is signed in."""
    with app.app_context(), transaction() as session:
        if find_by_email(session, EMAIL) is None:
            create_user(session, email=EMAIL, password=PASSWORD, role=Role.ADMIN)
    client = app.test_client()
    token = _TOKEN.search(client.get("/login", base_url=BASE_URL).text)
    if token is None:
        raise BenchmarkError("The login page has no form.")
    fields = {"username": EMAIL, "password": PASSWORD, "csrf_token": token[1]}
    headers = {"Referer": f"{BASE_URL}/login"}
    response = client.post("/login", data=fields, headers=headers, base_url=BASE_URL)
    if response.status_code != 302:
        raise BenchmarkError(f"/login answered {response.status_code}.")
    return client


def get_page(client: FlaskClient, path: str, query: Mapping[str, str] | None = None) -> None:
    """Ask for a page.

    Raises: BenchmarkError unless it comes.
    """
    response = client.get(path, query_string=query, base_url=BASE_URL)
    if response.status_code != 200 or b"</html>" not in response.data:
        raise BenchmarkError(f"{path} answered {response.status_code} to {query}.")


def milliseconds(work: Callable[[], object]) -> float:
    """Return how long the work took."""
    started = time.perf_counter()
    work()
    return (time.perf_counter() - started) * 1000


def percentile_95(times: Sequence[float]) -> float:
    """Return what 95 of a hundred stay below."""
    return quantiles(times, n=20)[-1]
