"""What may be used only where it belongs: the network, the environment, the clock, the web, the queue."""

import pytest

from tests.house.source import Finder, attribute, calls, catches_everything, find, imports

LAWS: dict[str, tuple[Finder, tuple[str, ...]]] = {
    "requests: only who calls the gateway, or plays it": (
        imports("requests", "urllib3", "httpx", "http"),
        (
            "crm/mobiletech/client_http.py",
            "crm/simulator/*",
            "crm/cli/simulate.py",
            "crm/web/error_pages.py",  # the names of the statuses
            "crm/dev/*",
        ),
    ),
    "the environment: only at the entries": (
        attribute("os.environ"),
        ("app.py", "crm/worker_process.py", "crm/cli/*", "crm/dev/*", "crm/core/embedded/*"),
    ),
    "the environment, by function: nowhere": (calls("getenv", "putenv"), ()),
    "this machine's clock: only in the clock": (
        attribute("datetime.now"),
        ("crm/core/clock.py", "crm/simulator/*"),
    ),
    "a clock without a zone: nowhere": (attribute("datetime.utcnow"), ()),
    "today by this machine: nowhere": (attribute("date.today"), ()),
    "Flask: only the web, the roof and the simulator": (
        imports("flask", "flask_login", "flask_wtf", "werkzeug"),
        (
            "crm/web/*",
            "crm/factory.py",
            "crm/cli/*",
            "crm/simulator/*",
            "crm/worker_process.py",
            "crm/dev/*",
            "migrations/*",
        ),
    ),
    "Flask-SQLAlchemy: only the database's module": (imports("flask_sqlalchemy"), ("crm/core/db.py",)),
    "RQ: only the doorbell, the worker and who looks at them": (
        imports("rq"),
        ("crm/events/doorbell.py", "crm/events/workers.py", "crm/worker_process.py"),
    ),
    "enqueue: only the doorbell": (calls("enqueue", "enqueue_at", "enqueue_in"), ("crm/events/doorbell.py",)),
    "pickle, eval and their like: nowhere": (imports("pickle", "marshal", "shelve"), ()),
    "code from text: nowhere": (calls("eval", "exec", "render_template_string"), ()),
    "catching everything: only where it becomes an outcome": (
        catches_everything,
        (
            "crm/core/db.py",  # undone and raised again
            "crm/events/drain.py",
            "crm/events/pump.py",
            "crm/mobiletech/client_http.py",
            "crm/payments/charging_run.py",
            "crm/web/mobiletech_webhook.py",
        ),
    ),
}


@pytest.mark.parametrize(("finder", "places"), LAWS.values(), ids=LAWS.keys())
def test_it_is_used_only_where_it_belongs(finder: Finder, places: tuple[str, ...]) -> None:
    assert find(finder, outside=places) == []


@pytest.mark.parametrize(("finder", "places"), LAWS.values(), ids=LAWS.keys())
def test_no_place_is_named_that_does_not_use_it(finder: Finder, places: tuple[str, ...]) -> None:
    """A list of exceptions that nobody needs hides the next breach; a folder need not use it in every file."""
    for place in places:
        if not place.endswith("*"):
            others = tuple(each for each in places if each != place)
            assert find(finder, outside=others), f"{place} does not use it"
