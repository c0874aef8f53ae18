"""What the API answers: errors in the shape that its callers know, and people as they may see them."""

from collections.abc import Mapping, Sequence
from typing import Any

from flask import Response, jsonify

from crm.users.models import User
from crm.web.page_tools import iso


def answer(status: int = 200, /, **body: Any) -> Response:
    """Return a body as JSON."""
    response = jsonify(body)
    response.status_code = status
    return response


def refuse(status: int, code: str, message: str, **more: Any) -> Response:
    """Return an error with its code, and a sentence for the programmer."""
    return answer(status, status="error", code=code, message=message, **more)


def refuse_input(faults: Mapping[str, Sequence[str]]) -> Response:
    """Return what is wrong with which field."""
    return answer(400, status="error", code="invalid_input", errors=faults)


def describe(user: User, *names: str) -> dict[str, Any]:
    """Return what is told of a person: id, UUID, e-mail, whatever `names` adds, and when they were confirmed."""
    confirmed_at = iso(user.confirmed_at) if user.confirmed_at is not None else None
    more = {name: getattr(user, name) for name in names}
    return {"id": user.id, "uuid": str(user.uuid), "email": user.email, **more, "confirmed_at": confirmed_at}
