"""What can be refused about subscription types and subscriptions."""

from crm.core.errors import N_, ConflictError, InvalidFieldError, InvalidInputError, NotFoundError


class SubscriptionTypeNotFoundError(NotFoundError):
    """No subscription type has that code."""

    def __init__(self, code: str) -> None:
        super().__init__(N_("There is no subscription type %(code)r."), code=code[:80])


class SubscriptionTypeExistsError(ConflictError):
    """The code is taken."""

    def __init__(self, code: str) -> None:
        super().__init__(N_("A subscription type %(code)s exists already."), code=code)


class InvalidTypeError(InvalidFieldError):
    """What stands in one field of a type cannot be used."""


class LongerEndError(InvalidInputError):
    """A subscription is only ever shortened; what is longer is another one, with its own cause."""

    def __init__(self) -> None:
        super().__init__(N_("A subscription cannot be shortened to a later end."))
