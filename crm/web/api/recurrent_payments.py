"""A reader's own program lists, stops and reactivates the reader's renewals. Source: behaviour.md 5.6."""

import re
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from flask import Blueprint, Response, jsonify, request
from sqlalchemy.orm import Session

from crm.core.db import current_session, transaction
from crm.core.errors import CrmError
from crm.payments.errors import (
    BrokenRuleError,
    ChargeInPastError,
    NotActiveError,
    RenewalNotFoundError,
    UnstoppableError,
)
from crm.payments.gateways import gateway_codes
from crm.payments.models import RecurrentPayment
from crm.payments.own_renewals import list_renewals_of, reactivate_row, stop_row
from crm.payments.statuses import RecurrentState
from crm.subscriptions.queries import read_types
from crm.web.api.answers import answer, refuse, refuse_input
from crm.web.api.json_body import UnreadableBodyError, read_id
from crm.web.guards import get_token_owner, user_token
from crm.web.ids import LARGEST_ID
from crm.web.page_tools import get_settings, iso

recurrent_payments = Blueprint("recurrent_payments", __name__)

# Inside an address a plus sign is a space: an offset arrives as one unless it was escaped.
_LOST_PLUS = re.compile(r"(.+:[0-9.]+) (\d\d:?\d\d)", re.ASCII)
_EARLIEST_YEAR, _LATEST_YEAR = 1970, 9000
_STATES_RULE = f"Field must be one of {', '.join(RecurrentState)}"

# What cannot be done -> status and code.
REFUSALS: Mapping[type[CrmError], tuple[int, str]] = {
    RenewalNotFoundError: (404, "recurrent_payment_not_found"),
    NotActiveError: (409, "recurrent_payment_not_active"),
    BrokenRuleError: (409, "recurrent_payment_not_active"),
    UnstoppableError: (403, "user_unstoppable_recurrent_payment_gateway"),
    ChargeInPastError: (400, "recurrent_payment_next_charge_in_past"),
}


@recurrent_payments.get("/v1/users/recurrent-payments")
@user_token()
def list_own() -> Response:
    """List them, the newest first."""
    try:
        states = [RecurrentState(word) for word in request.args.getlist("states[]")]
    except ValueError:
        return refuse_input({"states[]": [_STATES_RULE]})
    given = request.args.get("chargeable_from", "").strip()
    since = _read_moment(given) if given else None
    if given and since is None:
        return refuse(400, "invalid_date", "Invalid date in chargeable_from: it must be ISO 8601")
    session = current_session()
    owner = get_token_owner().user_id
    rows = list_renewals_of(session, owner, states=states, chargeable_from=since)
    return jsonify(_describe(session, rows))


@recurrent_payments.post("/v1/recurrent-payment/stop")
@user_token()
def stop() -> Response:
    """Stop one; of a charge that is on its way the stop is what follows it."""
    return _do(lambda session, owner, row_id: stop_row(session, owner, row_id).row)


@recurrent_payments.post("/v1/recurrent-payment/reactivate")
@user_token()
def reactivate() -> Response:
    """Let one go on that the reader has stopped."""
    return _do(reactivate_row)


def _do(act: Callable[[Session, int, int], RecurrentPayment]) -> Response:
    try:
        row_id = read_id()
    except UnreadableBodyError as error:
        return error.response
    try:
        if not 0 < row_id <= LARGEST_ID:
            raise RenewalNotFoundError(row_id)
        with transaction() as session:
            row = act(session, get_token_owner().user_id, row_id)
            return answer(**_describe(session, [row])[0])
    except tuple(REFUSALS) as error:
        status, code = REFUSALS[type(error)]
        return refuse(status, code, str(error))


def _describe(session: Session, rows: Sequence[RecurrentPayment]) -> list[dict[str, Any]]:
    types = read_types(session, [row.subscription_type_id for row in rows])
    gateways = gateway_codes(session)
    return [
        {
            "id": row.id,
            "parent_payment_id": row.parent_payment_id,
            "charge_at": iso(row.charge_at),
            "payment_gateway_code": gateways[row.payment_gateway_id],
            "subscription_type_code": types[row.subscription_type_id].code,
            "state": row.state,
            "retries": row.retries,
        }
        for row in rows
    ]


def _read_moment(text: str) -> datetime | None:
    """Return the moment; one without an offset is the newsroom's. None for what is no ISO 8601."""
    lost = _LOST_PLUS.fullmatch(text)
    try:
        moment = datetime.fromisoformat(f"{lost[1]}+{lost[2]}" if lost else text)
    except ValueError:
        return None
    if not _EARLIEST_YEAR <= moment.year <= _LATEST_YEAR:
        return None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=get_settings().timezone)
    return moment.astimezone(UTC)
