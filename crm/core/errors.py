"""The one root of everything we raise on purpose, and the sentences it speaks in."""

from collections.abc import Mapping


def N_(message: str) -> str:  # noqa: N802 - gettext's name for "to be translated where it is shown"
    """Mark a sentence for the catalogue of translations; it is translated by the page that shows it."""
    return message


class Said:
    """A sentence, or a piece to stand in one, as the catalogue has it: `str()` says it in English."""

    def __init__(self, message: str, /, **fields: object) -> None:
        self.message = message
        self.fields: Mapping[str, object] = fields

    def __str__(self) -> str:
        return self.message % self.fields if self.fields else self.message


class CrmError(Exception):
    """A refusal that a person can read: `str(error)` is a whole English sentence that says what was wrong.

    `message` is the sentence as the catalogue has it, with places such as `%(email)s` for `fields`; a field
    that is `Said` is translated in its place.
    """

    def __init__(self, message: str, /, **fields: object) -> None:
        self.message = message
        self.fields = fields
        super().__init__(message % fields if fields else message)


class NotFoundError(CrmError):
    """What was asked for does not exist."""


class ConflictError(CrmError):
    """What was asked for clashes with what is already there."""


class InvalidInputError(CrmError):
    """What was given cannot be used; the sentence says which part and what would be right."""


class InvalidFieldError(InvalidInputError):
    """What stands in one field cannot be used; `field` says which one, for the page that shows it there."""

    def __init__(self, message: str, /, *, field: str, **fields: object) -> None:
        self.field = field
        super().__init__(message, **fields)
