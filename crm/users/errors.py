"""What can be refused about people."""

from datetime import timedelta
from math import ceil

from crm.core.errors import N_, ConflictError, CrmError, InvalidInputError, NotFoundError


class UserNotFoundError(NotFoundError):
    """No such user."""

    def __init__(self, user_id: object) -> None:
        super().__init__(N_("No user has the id %(user_id)s."), user_id=user_id)


class EmailTakenError(ConflictError):
    """The e-mail belongs to somebody."""

    def __init__(self, email: str) -> None:
        super().__init__(N_("The e-mail %(email)s belongs to another user."), email=email)


class PhoneTakenError(ConflictError):
    """The number belongs to somebody, or the person has another number."""


class InvalidUserError(InvalidInputError):
    """What was given makes no user."""


class InvalidEmailError(InvalidUserError):
    """What was given is no e-mail address, or is missing where one is needed."""

    def __init__(self, email: str) -> None:
        told = N_("%(email)s is no e-mail address; write it like eva@example.sk.")
        super().__init__(told, email=repr(email[:80]))


class LastAdminError(ConflictError):
    """Nobody could look after people any more."""

    def __init__(self) -> None:
        super().__init__(N_("This is the last active administrator. Make another one first."))


class OwnAccountError(ConflictError):
    """People cannot close their own account: another administrator must agree that it is closed."""

    def __init__(self) -> None:
        super().__init__(N_("You cannot deactivate your own account. Ask another administrator."))


class NoNumberError(ConflictError):
    """The person has no phone number."""

    def __init__(self) -> None:
        super().__init__(N_("This person has no phone number."))


class UnknownNumberError(NotFoundError):
    """We have seen no such number."""

    def __init__(self, number_id: int) -> None:
        super().__init__(N_("No phone number has the id %(number_id)s."), number_id=number_id)


class StaffNumberError(ConflictError):
    """Only who looks after people binds numbers to accounts of staff: a code to a number opens an account."""

    def __init__(self) -> None:
        super().__init__(
            N_(
                "This is an account of staff. Only an administrator links a number to it or takes one from it."
            )
        )


class TokenNameError(InvalidInputError):
    """What was given names no API token."""


class TokenRefusedError(CrmError):
    """An API token that does not open this door; the sentence says why."""


class TooManyError(CrmError):
    """A limit was reached; `retry_after` is how long to wait, in whole seconds, at least 1."""

    def __init__(self, message: str, wait: timedelta) -> None:
        self.retry_after = max(1, ceil(wait.total_seconds()))
        super().__init__(message, minutes=ceil(self.retry_after / 60))


class TooManyCodesError(TooManyError):
    """Enough codes were asked for with this name, or from this address."""

    def __init__(self, wait: timedelta) -> None:
        super().__init__(N_("Too many codes were asked for. Try again in %(minutes)s min."), wait)
