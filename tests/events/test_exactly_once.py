"""What a handler writes and the mark that it ran are one: both are there, or neither."""

import pytest
from flask import Flask
from sqlalchemy import text

from crm.core.db import current_session, transaction
from crm.core.log import get_logger
from crm.events.publish import publish
from crm.events.registry import Event, Registry, registry
from tests.events.conftest import Effects, Put
from tests.logs import list_facts
from tests.outbox import get_entry, get_entry_by_key, run_all


def test_a_handler_runs_once_with_the_payload(switchboard: Registry, effects: Effects, put: Put) -> None:
    switchboard.on(
        "thing", lambda event: effects.write(f"{event['number']} of {event.entry_id}"), name="write"
    )
    entry_id = put(number=7)

    assert (run_all(), run_all()) == (1, 0)

    assert effects.list_all() == [f"7 of {entry_id}"]
    assert (get_entry(entry_id).state, get_entry(entry_id).error) == ("done", None)


def test_what_a_handler_logs_has_the_ids_of_its_own_event(
    switchboard: Registry, put: Put, caplog: pytest.LogCaptureFixture
) -> None:
    switchboard.on("thing", lambda event: get_logger("extension").info("greeted"), name="log")
    entry_ids = [put(number=7), put(number=8)]

    run_all()

    told = [fact for fact in list_facts(caplog) if fact["event"] == "greeted"]
    assert [(fact["entry_id"], fact["event_name"], fact["number"]) for fact in told] == [
        (entry_ids[0], "thing", 7),
        (entry_ids[1], "thing", 8),
    ]


def test_a_handler_that_would_never_be_called_is_refused(app: Flask) -> None:
    """The send is an effect outside the database: an extension that waits for it would wait for ever."""
    with pytest.raises(ValueError, match="no handler is called for it"):
        registry.on("mobiletech-send", print, name="never-called")

    assert "mobiletech-send" not in registry.handlers


def test_a_second_publication_under_the_same_key_does_nothing(
    switchboard: Registry, effects: Effects, put: Put
) -> None:
    switchboard.on("thing", lambda event: effects.write(event["number"]), name="write")

    first, second = put(key="thing:a", number=1), put(key="thing:a", number=2)
    run_all()
    third = put(key="thing:a", number=3)
    run_all()

    assert first is not None
    assert (second, third) == (None, None)
    assert effects.list_all() == ["1"]


def test_work_of_a_transaction_that_is_rolled_back_never_was(switchboard: Registry, effects: Effects) -> None:
    switchboard.on("thing", lambda event: effects.write("ran"), name="write")

    with pytest.raises(ZeroDivisionError), transaction() as session:
        publish(session, "thing", {}, key="thing:1")
        raise ZeroDivisionError

    assert run_all() == 0
    assert effects.list_all() == []


def test_what_a_handler_wrote_before_it_failed_is_gone(
    switchboard: Registry, effects: Effects, put: Put
) -> None:
    def write_and_fail(event: Event) -> None:
        effects.write("half done")
        raise RuntimeError("no")

    switchboard.on("thing", write_and_fail, name="write_and_fail")
    entry_id = put()

    run_all()

    assert effects.list_all() == []
    assert get_entry_by_key("thing:1/write_and_fail").state == "ready"
    assert get_entry(entry_id).state == "done"


def test_one_failure_undoes_nothing_of_the_other_entries_of_its_batch(
    switchboard: Registry, effects: Effects, put: Put
) -> None:
    def write_unless_third(event: Event) -> None:
        effects.write(event["number"])
        if event["number"] == 3:
            raise RuntimeError("the third")

    switchboard.on("thing", write_unless_third, name="write")
    for number in range(1, 6):
        put(number=number)

    run_all()

    assert effects.list_all() == ["1", "2", "4", "5"]


def test_a_failing_handler_undoes_nothing_of_the_others_of_its_entry(
    switchboard: Registry, effects: Effects, put: Put
) -> None:
    def write_and_fail(event: Event) -> None:
        effects.write("failing")
        raise RuntimeError("no")

    switchboard.on("thing", lambda event: effects.write("first"), name="first", order=1)
    switchboard.on("thing", write_and_fail, name="failing", order=2)
    switchboard.on("thing", lambda event: effects.write(event.failed_handlers), name="last", order=3)
    put()

    run_all()

    assert effects.list_all() == ["first", "('failing',)"]


def test_a_handler_that_breaks_its_transaction_fails_alone(
    switchboard: Registry, effects: Effects, put: Put
) -> None:
    def swallow_a_database_error(event: Event) -> None:
        try:
            current_session().execute(text("SELECT 1 / 0"))
        except Exception:
            effects.write("as if nothing had happened")

    switchboard.on("thing", swallow_a_database_error, name="careless", order=1)
    switchboard.on("thing", lambda event: effects.write("other"), name="other", order=2)
    put()
    put()

    run_all()

    assert effects.list_all() == ["other", "other"]
    assert get_entry_by_key("thing:1/careless").attempts == 1


def test_what_a_handler_publishes_is_run_too_and_only_if_it_succeeded(
    switchboard: Registry, effects: Effects, put: Put
) -> None:
    def publish_another(event: Event) -> None:
        publish(current_session(), "next", {"number": event["number"]}, key=f"next:{event['number']}")
        if event["number"] == 2:
            raise RuntimeError("no")

    switchboard.on("thing", publish_another, name="publish")
    switchboard.on("next", lambda event: effects.write(event["number"]), name="write")
    put(number=1)
    put(number=2)

    run_all()

    assert effects.list_all() == ["1"]


def test_an_event_that_is_meant_for_others_is_done_without_a_handler(switchboard: Registry, put: Put) -> None:
    switchboard.unheard.add("thing")
    entry_id = put()

    run_all()

    assert get_entry(entry_id).state == "done"


def test_an_event_without_a_handler_is_kept_and_says_what_may_be_missing(
    switchboard: Registry, effects: Effects, put: Put
) -> None:
    entry_id = put("strange")

    run_all()

    kept = get_entry(entry_id)
    assert (kept.state, kept.attempts, kept.handler) == ("ready", 1, None)
    assert kept.error is not None
    assert "CRM_EXTENSIONS" in kept.error
