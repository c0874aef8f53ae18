"""What happens is counted: each figure of issue 2 moves when its cause does."""

from collections.abc import Mapping

from flask.testing import FlaskClient
from prometheus_client.parser import text_string_to_metric_families

from crm.core.db import transaction
from crm.events.backoff import MAX_ATTEMPTS
from crm.events.models import OutboxEntry
from crm.events.publish import publish
from tests.factories.messages import WEBHOOK, make_receive, make_status, set_up_gateway, turn_on_test_answer
from tests.fakes import FakeGateway, ambiguous, rejected
from tests.outbox import run_all


def test_calls_of_the_webhook_are_counted_and_timed(client: FlaskClient) -> None:
    before = read_figures(client)

    client.post(WEBHOOK, data=make_receive(id="7"))
    client.post(WEBHOOK, data=make_receive(id="7", content="something else"))
    client.post(WEBHOOK, data=make_status("nobody", "D1"))
    client.post(WEBHOOK, data=b"no message")

    assert moved(client, before, "crm_webhook") == {
        "requests_total receive 200": 2,
        "requests_total status 404": 1,
        "requests_total error 400": 1,
        "body_mismatches_total": 1,
        "seconds_count receive": 2,
        "seconds_count status": 1,
        "seconds_count error": 1,
    }


def test_sends_and_reports_are_counted(client: FlaskClient, gateway: FakeGateway) -> None:
    turn_on_test_answer(billkey="AA99")
    before = read_figures(client)

    gateway.will(rejected(), ambiguous())
    for number in range(3):
        client.post(WEBHOOK, data=make_receive(from_=f"+42190863054{number}"))
        run_all()
    for code in ("A0", "D1", "D1", "X9", "anything at all"):
        client.post(WEBHOOK, data=make_status("mt-1", code))
    run_all()

    assert moved(client, before, "crm_sends") == {
        "total accepted": 1,
        "total rejected": 1,
        "total unknown": 1,
    }
    assert moved(client, before, "crm_statuses") == {"total A0": 1, "total D1": 1, "total unknown": 2}


def test_what_was_not_made_and_what_was_given_up_is_counted_once(client: FlaskClient) -> None:
    set_up_gateway(mobiletech_test_billkey="AZ19", mobiletech_test_template_code="gone")
    before = read_figures(client)

    # The work that fails is run in one batch with the SMS, which is therefore run twice and stored once.
    client.post(WEBHOOK, data=make_receive())
    with transaction() as session:
        publish(session, "long-gone", {}, key="a")
        session.query(OutboxEntry).where(OutboxEntry.key == "a").update(
            {"attempts": MAX_ATTEMPTS - 1, "handler": "x"}
        )
    run_all()

    assert moved(client, before, "crm_not_sent") == {"total no_template": 1}
    assert moved(client, before, "crm_outbox_dead") == {"total long-gone": 1}


def moved(client: FlaskClient, before: Mapping[str, float], family: str) -> dict[str, float]:
    """Return by how much the figures of a family have grown, those that have."""
    grown = {
        name: value - before.get(name, 0)
        for name, value in read_figures(client).items()
        if name.startswith(f"{family}_")
    }
    return {name.removeprefix(f"{family}_"): by for name, by in grown.items() if by}


def read_figures(client: FlaskClient) -> dict[str, float]:
    """Return every sample by its name and its labels; of a histogram only the count."""
    return {
        " ".join([sample.name, *(value for _, value in sorted(sample.labels.items()))]): sample.value
        for metric in text_string_to_metric_families(client.get("/metrics").text)
        for sample in metric.samples
        if not sample.name.endswith(("_bucket", "_sum", "_created"))
    }
