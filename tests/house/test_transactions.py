"""One place commits, edges open transactions, and nobody goes to the database past them."""

from tests.house.source import attribute, calls, find

EDGES = (
    "crm/core/db.py",
    "crm/web/*",
    "crm/cli/*",
    "crm/events/drain.py",
    "crm/events/pump.py",
    "crm/events/housekeeping.py",
    "crm/mobiletech/search/housekeeping.py",
    "crm/mobiletech/figures/housekeeping.py",
    "crm/subscriptions/housekeeping.py",
    "crm/payments/charging_run.py",
    "crm/importer/housekeeping.py",
    "crm/payments/figures/keeping.py",
    "crm/sms_billing/figures/keeping.py",
    "crm/sms_billing/turns.py",
    "crm/audit/running.py",
    "crm/doctor.py",
    "crm/seed/*",
)


def test_only_one_place_commits() -> None:
    assert find(calls("commit"), outside=("crm/core/db.py",)) == []


def test_who_takes_back_what_was_not_meant_to_stay_is_an_edge() -> None:
    assert find(calls("rollback"), outside=("crm/core/db.py", "crm/web/*")) == []


def test_only_edges_open_transactions() -> None:
    assert find(calls("transaction"), outside=EDGES) == []


def test_statements_that_commit_by_themselves_stand_where_that_is_meant() -> None:
    """The webhook's insert, the note of a batch, which must outlive a crash, and when a session was last used."""
    places = ("crm/mobiletech/inbound.py", "crm/events/drain.py", "crm/users/sessions.py")
    beside = ("crm/core/db.py", "crm/events/*", "crm/factory.py", "crm/doctor.py", "migrations/*")

    assert find(calls("execute_committed"), outside=places) == []
    assert find(attribute("db.engine"), outside=beside) == []


def test_nobody_sleeps_but_who_waits_for_another_server_or_hides_its_time() -> None:
    servers = ("crm/core/embedded/*", "crm/core/metrics.py", "crm/events/*", "crm/dev/*", "crm/simulator/*")
    hides_its_time = "crm/users/passwords.py"

    assert find(calls("sleep"), outside=(*servers, hides_its_time)) == []
