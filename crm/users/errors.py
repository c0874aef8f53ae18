"""What can be refused about people."""

from crm.core.errors import ConflictError, CrmError, InvalidInputError, NotFoundError


class UserNotFoundError(NotFoundError):
    """No such user."""

    def __init__(self, user_id: object) -> None:
        super().__init__(f"No user has the id {user_id}.")


class EmailTakenError(ConflictError):
    """The e-mail belongs to somebody."""

    def __init__(self, email: str) -> None:
        super().__init__(f"The e-mail {email} belongs to another user.")


class PhoneTakenError(ConflictError):
    """The number belongs to somebody, or the person has another number."""


class InvalidUserError(InvalidInputError):
    """What was given makes no user."""


class TokenRefusedError(CrmError):
    """An API token that does not open this door; the sentence says why."""
