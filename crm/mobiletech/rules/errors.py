"""What can be refused about rules."""

from enum import StrEnum

from crm.core.errors import N_, ConflictError, InvalidInputError, NotFoundError


class Part(StrEnum):
    """What of a rule is to be changed, by the name of its field."""

    SHORT_NUMBER = "short_number"
    MATCH = "match"
    TEXT = "text"
    ACTION = "action"
    TEMPLATE = "template"
    EXTENSION = "extension"
    SUBSCRIPTION_TYPE = "subscription_type"
    ASKS_FIRST = "asks_first"
    BEFORE = "before"  # its place


class RuleNotFoundError(NotFoundError):
    """No rule has that id."""

    def __init__(self, rule_id: int) -> None:
        super().__init__(N_("There is no rule %(id)s."), id=rule_id)


class RuleRefusedError(InvalidInputError):
    """A rule that could never act, or must not; `part` names what of it is to be changed."""

    def __init__(self, part: Part, message: str, /, **fields: object) -> None:
        self.part = part
        super().__init__(message, **fields)


class StaleRuleError(ConflictError):
    """Somebody changed the rule meanwhile."""

    def __init__(self, text: str) -> None:
        super().__init__(N_("The rule %(text)s was changed meanwhile. Look at it first."), text=text)
