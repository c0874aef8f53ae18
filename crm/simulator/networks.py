"""In whose network each number is: by its prefix, until a person chooses or the number is ported."""

from threading import Lock

from crm.core.errors import InvalidInputError
from crm.core.phone import to_international
from crm.mobiletech.wire.operators import Operator, find_operator, operator_by_prefix

KEPT_NUMBERS = 10_000


class Networks:
    """Thread-safe; a phone may be given in any spelling."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._moved: dict[str, Operator] = {}

    def clear(self) -> None:
        """Put every number back where its prefix says."""
        with self._lock:
            self._moved.clear()

    def operator_of(self, phone: str) -> Operator:
        """Tell the operator; a number whose prefix tells nothing is Orange's."""
        with self._lock:
            return self._moved.get(to_international(phone)) or operator_by_prefix(phone) or Operator.ORANGE

    def move(self, phone: str, letter: str) -> None:
        """Put a number into an operator's network.

        Raises: InvalidInputError if there is no such number or operator.
        """
        operator = find_operator(letter)
        if operator is None:
            raise InvalidInputError("The operator is one of T, O, 2 and S.")
        with self._lock:
            self._moved[to_international(phone)] = operator
            if len(self._moved) > KEPT_NUMBERS:
                del self._moved[next(iter(self._moved))]

    def port(self, phone: str) -> None:
        """Move a number to some other operator: what `_OPERATOR_CHANGE` reports has happened."""
        operators = list(Operator)
        here = operators.index(self.operator_of(phone))
        self.move(phone, operators[(here + 1) % len(operators)])
