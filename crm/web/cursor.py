"""A place in a list as an opaque word for addresses: signed, and good only for the filters it was made with."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

from flask import current_app
from itsdangerous import BadData, URLSafeSerializer

from crm.core.errors import N_, InvalidInputError
from crm.mobiletech.message_log import Position

_BEGINNING = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


class InvalidCursorError(InvalidInputError):
    """The word was changed, or belongs to another list."""

    def __init__(self) -> None:
        super().__init__(N_("This address points to a page of another list. Start from the first page."))


def write_cursor(position: Position, filters: Mapping[str, str]) -> str:
    """Return the word for a position."""
    written = _serializer(filters).dumps(
        [(position.at - _BEGINNING) // _MICROSECOND, position.kind, position.id]
    )
    return written if isinstance(written, str) else written.decode()


def read_cursor(word: str, filters: Mapping[str, str]) -> Position:
    """Return the position.

    Raises: InvalidCursorError.
    """
    try:
        microseconds, kind, row_id = _serializer(filters).loads(word)
    except BadData as error:
        raise InvalidCursorError from error
    return Position(_BEGINNING + microseconds * _MICROSECOND, kind, row_id)


def _serializer(filters: Mapping[str, str]) -> URLSafeSerializer:
    told = "&".join(f"{name}={value}" for name, value in sorted(filters.items()))
    return URLSafeSerializer(current_app.config["SECRET_KEY"], salt=f"list position {told}")
