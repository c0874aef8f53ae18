"""What the money does when a reader writes to stop, to order or to ask: declared here, filled by `crm.wiring`."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from sqlalchemy.orm import Session

from crm.core.errors import Said
from crm.mobiletech.models import InboundMessage
from crm.mobiletech.rules.cases import Case
from crm.mobiletech.rules.deciding import Action
from crm.mobiletech.rules.steps import Step


@dataclass(frozen=True, slots=True, kw_only=True)
class StopCase:
    """An SMS that asks to stop, or nearly; without a keyword everything of its number is meant.

    `types` are the codes of what the keyword starts; `steps` is the trace of the decision, to add to.
    """

    message: InboundMessage
    keyword: str | None
    because: str
    types: frozenset[str] = frozenset()
    steps: list[Step] = field(default_factory=list)


StopHandler = Callable[[Session, Sequence[StopCase]], None]
ActionHandler = Callable[[Session, Sequence[Case]], None]
# session, the code of a subscription type, whether it is to be sold: why that cannot be
TypeCheck = Callable[[Session, str, bool], Said | None]


class MoneyActions:
    """What is done about the charges, in the transaction that decides about the SMS.

    Both about STOP may be called again for the same SMS, so they ask first whether it is done. `on_stop` also gets
    an operator's repeat; `on_near_stop` does not, for somebody may have looked at the first one already.
    `actions` are what the rules of the money do, `find_type_fault` says what is wrong with the type that one names.
    """

    def __init__(self) -> None:
        self.clear()

    def clear(self) -> None:
        """Forget what was filled in."""
        self.on_stop: StopHandler | None = None
        self.on_near_stop: StopHandler | None = None
        self.actions: Mapping[Action, ActionHandler] = {}
        self.find_type_fault: TypeCheck | None = None


money_actions = MoneyActions()
