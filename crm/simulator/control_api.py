"""The simulator's JSON API: tests and people set fates, send SMS and statuses, and read what happened."""

from typing import Any

from flask import Blueprint, request
from flask.typing import ResponseReturnValue

from crm.core.errors import InvalidInputError
from crm.simulator.app_state import current_gateway
from crm.simulator.exchange_log import Exchange
from crm.simulator.fates import FATES, get_fate
from crm.simulator.records import Report, SentSms

control_api = Blueprint("control_api", __name__, url_prefix="/api")

_EVERYTHING = frozenset({"number", "text", "next", "default"})


@control_api.errorhandler(InvalidInputError)
def refuse(error: InvalidInputError) -> ResponseReturnValue:
    """Say what was wrong with a request."""
    return {"error": str(error)}, 400


@control_api.get("/fates")
def list_fates() -> ResponseReturnValue:
    """List the fates there are."""
    return {"fates": [{"value": fate, "label": script.label} for fate, script in FATES.items()]}


@control_api.post("/fates")
def set_fates() -> ResponseReturnValue:
    """Set fates: `next` (one, or a list) for the next SMS, `default` for all after them.

    Both are for anybody, or for `number`; a default may be for SMS that begin with `text`.
    """
    given, fates = _body(), current_gateway().fates
    unknown = given.keys() - _EVERYTHING
    if unknown or not given.keys() & {"next", "default"}:
        raise InvalidInputError("Give next or default, and number or text if you like, nothing else.")
    number = _text(given, "number")
    upcoming = given.get("next", [])
    names = upcoming if isinstance(upcoming, list) else [upcoming]
    next_fates = [get_fate(str(name)) for name in names]
    default = get_fate(_text(given, "default")) if "default" in given else None
    fates.add_next(next_fates, phone=number)
    if default is not None:
        fates.set_default(default, phone=number, text_prefix=_text(given, "text"))
    return {"added": len(next_fates)}


@control_api.get("/sends")
def list_sends() -> ResponseReturnValue:
    """List every SMS that the CRM handed over, the oldest first; `accepted` counts those that were sent."""
    sends = [_show_sms(sms) for sms in current_gateway().list_sent()]
    return {"accepted": sum(sms["accepted"] for sms in sends), "sends": sends}


@control_api.get("/exchanges")
def list_exchanges() -> ResponseReturnValue:
    """List what was said over the wire, the oldest first, and what the CRM still has to be told."""
    gateway = current_gateway()
    return {
        "exchanges": [_show_exchange(exchange) for exchange in gateway.exchanges.list()],
        "waiting": [_show_report(report) for report in gateway.postbox.list_waiting()],
    }


@control_api.post("/receive")
def receive() -> ResponseReturnValue:
    """Send an SMS `from` a phone `to` a short number, as if it was typed; `id` repeats one."""
    given, gateway = _body(), current_gateway()
    sender, operator = _text(given, "from"), _text(given, "operator")
    if operator:
        gateway.networks.move(sender, operator)
    sms = gateway.type_sms(
        phone=sender,
        short_number=_text(given, "to"),
        text=_text(given, "content"),
        message_id=_text(given, "id"),
    )
    return _show_report(sms.report)


@control_api.post("/status")
def status() -> ResponseReturnValue:
    """Report `status` of the SMS `id`, now."""
    given = _body()
    return _show_report(current_gateway().report_status(_text(given, "id"), _text(given, "status")))


@control_api.post("/hurry")
def hurry() -> ResponseReturnValue:
    """Report at once what waits for its time: late statuses and repeats."""
    return {"hurried": current_gateway().postbox.hurry()}


@control_api.post("/reset")
def reset() -> ResponseReturnValue:
    """Forget everything; ids go on rising."""
    current_gateway().reset()
    return {}


def _body() -> dict[str, Any]:
    given = request.get_json(force=True, silent=True)
    if not isinstance(given, dict):
        raise InvalidInputError("The body is not a JSON object.")
    return given


def _text(given: dict[str, Any], name: str) -> str:
    value = given.get(name, "")
    if not isinstance(value, str):
        raise InvalidInputError(f"{name} is not a text.")
    return value


def _show_sms(sms: SentSms) -> dict[str, Any]:
    send = sms.send
    return {
        "at": sms.at.isoformat(),
        "id": sms.id,
        "fate": sms.fate,
        "accepted": sms.is_accepted,
        "serv_id": send.serv_id,
        "project_id": send.project_id,
        "rcv_msg_id": send.rcv_msg_id,
        "from": send.from_,
        "to": send.to,
        "billkey": send.billkey,
        "content": sms.text,
        "expiration": send.expiration,
        "operator_type": send.operator_type,
        "statuses": [_show_report(report) for report in sms.reports],
    }


def _show_report(report: Report) -> dict[str, Any]:
    return {
        "kind": report.kind,
        "id": report.id,
        "status": report.code,
        "state": report.state,
        "due": report.due.isoformat(),
        "tries": report.tries,
        "answer": report.answer.status if report.answer else None,
        "answer_body": report.answer.body if report.answer else "",
    }


def _show_exchange(exchange: Exchange) -> dict[str, Any]:
    return {
        "at": exchange.at.isoformat(),
        "kind": exchange.kind,
        "summary": exchange.summary,
        "request": exchange.request,
        "answer": exchange.answer,
    }
