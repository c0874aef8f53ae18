"""Read the body of the few calls that take JSON: one object with an id, and nothing else."""

import json
from collections.abc import Mapping
from typing import Any

from flask import Response, request

from crm.web.api.answers import refuse
from crm.web.api.parameters import require_whole_body


class UnreadableBodyError(Exception):
    """The body is not what the call takes; `response` tells why."""

    def __init__(self, response: Response) -> None:
        super().__init__("unreadable body")
        self.response = response


def read_id() -> int:
    """Return the id of the body `{"id": 1}`, whatever its content type says.

    Raises: UnreadableBodyError; 411 and 413 as for a form.
    """
    require_whole_body()
    body = request.get_data()
    if not body.strip():
        raise UnreadableBodyError(refuse(400, "empty_request", "Empty request"))
    faults = _list_faults(payload := _decode(body))
    if faults:
        raise UnreadableBodyError(refuse(400, "invalid_payload", "Payload error", errors=faults))
    number: int = payload["id"]
    return number


def _decode(body: bytes) -> Any:
    try:
        return json.loads(body)
    except (ValueError, RecursionError) as error:
        raise UnreadableBodyError(refuse(400, "malformed_json", "Malformed JSON")) from error


def _list_faults(payload: Any) -> list[str]:
    if not isinstance(payload, Mapping):
        return ["The payload must be an object."]
    faults = [f"The property {name[:100]} is not defined." for name in payload if name != "id"]
    if "id" not in payload:
        faults.append("The property id is required.")
    elif isinstance(payload["id"], bool) or not isinstance(payload["id"], int):
        faults.append("The property id must be an integer.")
    return faults
