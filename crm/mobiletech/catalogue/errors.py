"""What can be refused about billing keys, short numbers, prefixes and codes."""

from crm.core.errors import N_, ConflictError, InvalidFieldError, NotFoundError


class InvalidEntryError(InvalidFieldError):
    """What stands in one field of an entry cannot be used."""


class BillkeyNotFoundError(NotFoundError):
    """No billing key has that code."""

    def __init__(self, code: str) -> None:
        super().__init__(N_("There is no billing key %(code)r."), code=code[:80])


class BillkeyExistsError(ConflictError):
    """The code is taken."""

    def __init__(self, code: str) -> None:
        super().__init__(N_("The billing key %(code)s is listed already."), code=code)


class UsedBillkeyError(ConflictError):
    """Messages went out on the key, so its kind or price is not changed by the way."""

    def __init__(self, code: str) -> None:
        told = N_(
            "Messages went out on %(code)s: its kind or price is changed only on its page, after a question."
        )
        super().__init__(told, code=code)


class KeptBillkeyError(ConflictError):
    """The key cannot be removed: something names it."""


class ShortNumberExistsError(ConflictError):
    """The number is described already."""

    def __init__(self, number: str) -> None:
        super().__init__(N_("The short number %(number)s is listed already."), number=number)
