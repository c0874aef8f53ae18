"""What can be refused about rules."""

from crm.core.errors import N_, ConflictError, InvalidInputError, NotFoundError


class RuleNotFoundError(NotFoundError):
    """No rule has that id."""

    def __init__(self, rule_id: int) -> None:
        super().__init__(N_("There is no rule %(id)s."), id=rule_id)


class RuleRefusedError(InvalidInputError):
    """A rule that could never act, or must not; `part` names what of it is to be changed."""

    def __init__(self, part: str, message: str, /, **fields: object) -> None:
        self.part = part
        super().__init__(message, **fields)


class StaleRuleError(ConflictError):
    """Somebody changed the rule meanwhile."""

    def __init__(self, text: str) -> None:
        super().__init__(N_("The rule %(text)s was changed meanwhile. Look at it first."), text=text)
