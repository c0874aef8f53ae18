"""What can be refused about messages and templates."""

from crm.core.errors import ConflictError, CrmError, InvalidInputError, NotFoundError


class TemplateNotFoundError(NotFoundError):
    """No SMS template has that code."""

    def __init__(self, code: str) -> None:
        super().__init__(f"There is no SMS template {code!r}. `crm template list` shows them all.")


class TemplateExistsError(ConflictError):
    """The code is taken."""

    def __init__(self, code: str) -> None:
        super().__init__(f"An SMS template {code!r} exists already.")


class InvalidTemplateCodeError(InvalidInputError):
    """The code cannot stand in an address."""

    def __init__(self, code: str) -> None:
        super().__init__(f"{code[:80]!r} is no template code; use up to 64 of a-z, 0-9, dash and underscore.")


class StaleTemplateError(ConflictError):
    """Somebody saved another version meanwhile."""

    def __init__(self, code: str, current: int) -> None:
        super().__init__(f"The template {code!r} was saved as version {current} meanwhile. Look at it first.")


class GatewaySettingsError(CrmError):
    """The gateway's address cannot be used."""


class GatewayUnreachableError(CrmError):
    """A raw body was forwarded and no whole answer came back."""
