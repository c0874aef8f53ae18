"""The one root of everything we raise on purpose."""


class CrmError(Exception):
    """A refusal that a person can read: `str(error)` is a whole sentence that says what was wrong."""


class NotFoundError(CrmError):
    """What was asked for does not exist."""


class ConflictError(CrmError):
    """What was asked for clashes with what is already there."""


class InvalidInputError(CrmError):
    """What was given cannot be used; the sentence says which part and what would be right."""
