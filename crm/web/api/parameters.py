"""Read the fields of a request to the API: form fields, urlencoded or multipart; for JSON see json_body.py."""

import re
from collections.abc import Mapping, Sequence

from flask import abort, request
from werkzeug.exceptions import ClientDisconnected

LONGEST_TEXT = 255
INT32 = 2**31
REQUIRED = "Field is required"
_WHOLE_NUMBER = re.compile(r"-?[0-9]{1,10}", re.ASCII)
_YES = frozenset({"1", "true", "yes", "on"})


class Parameters:
    """The fields by name; reading one that cannot be kept adds to `faults` and gives None."""

    def __init__(self, fields: Mapping[str, str]) -> None:
        self._fields = fields
        self.faults: dict[str, list[str]] = {}

    def raw(self, name: str) -> str:
        """Return a field as it was sent, `` if it was not: for passwords, and for names that are looked up."""
        return self._fields.get(name, "")

    def text(self, name: str, *, longest: int = LONGEST_TEXT) -> str | None:
        """Return a field that is to be kept, trimmed; an empty one counts as not sent."""
        value = self.raw(name).strip()
        if "\0" in value:
            self.refuse(name, "Field must not contain the zero character")
            return None
        if len(value) > longest:
            self.refuse(name, f"Field must not be longer than {longest} characters")
            return None
        return value or None

    def whole_number(self, name: str) -> int | None:
        """Return a number of 32 bits."""
        value = self.raw(name).strip()
        if not value:
            return None
        number = int(value) if _WHOLE_NUMBER.fullmatch(value) else INT32
        if not -INT32 <= number < INT32:
            self.refuse(name, "Field must be a whole number of at most 32 bits")
            return None
        return number

    def flag(self, name: str) -> bool:
        """Return whether a field says yes."""
        return self.raw(name).strip().lower() in _YES

    def refuse(self, name: str, sentence: str) -> None:
        """Add a fault."""
        self.faults.setdefault(name, []).append(sentence)


def read_parameters(*, in_query: Sequence[str] = ()) -> Parameters:
    """Return the fields of the request at hand; those named may also stand in the address.

    Raises: as require_whole_body: half a body must not be taken for a whole one.
    """
    require_whole_body()
    query = {name: request.args[name] for name in in_query if name in request.args}
    return Parameters(query | request.form.to_dict())


def require_whole_body() -> None:
    """Refuse a body that tells no length, is shorter than it tells, or is too large: 411 and 413."""
    if "Transfer-Encoding" in request.headers or not _is_whole():
        abort(411)


def _is_whole() -> bool:
    try:
        return len(request.get_data()) >= (request.content_length or 0)
    except (ClientDisconnected, OSError):  # the caller hung up; each server has its own word for that
        return False
