"""What can be refused about messages and templates."""

from crm.core.errors import N_, ConflictError, CrmError, InvalidInputError, NotFoundError


class TemplateNotFoundError(NotFoundError):
    """No SMS template has that code."""

    def __init__(self, code: str) -> None:
        super().__init__(
            N_("There is no SMS template %(code)r. `crm template list` shows them all."), code=code
        )


class TemplateExistsError(ConflictError):
    """The code is taken."""

    def __init__(self, code: str) -> None:
        super().__init__(N_("An SMS template %(code)r exists already."), code=code)


class InvalidTemplateCodeError(InvalidInputError):
    """The code cannot stand in an address."""

    def __init__(self, code: str) -> None:
        told = N_("%(code)r is no template code; use up to 64 of a-z, 0-9, dash and underscore.")
        super().__init__(told, code=code[:80])


class StaleTemplateError(ConflictError):
    """Somebody saved another version meanwhile."""

    def __init__(self, code: str, current: int) -> None:
        told = N_("The template %(code)r was saved as version %(version)s meanwhile. Look at it first.")
        super().__init__(told, code=code, version=current)


class GatewaySettingsError(CrmError):
    """The gateway's address cannot be used."""


class GatewayUnreachableError(CrmError):
    """A raw body was forwarded and no whole answer came back."""


class NotHeldError(ConflictError):
    """Only a message that is held can be let go or cancelled, and only as long as nothing speaks against it."""


class NotInDoubtError(ConflictError):
    """Only a message whose outcome nobody knows can be decided about."""
