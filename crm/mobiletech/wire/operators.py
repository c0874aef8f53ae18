"""The four Slovak operators, and which of them a number was first given to."""

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType

from crm.core.phone import find_slovak_mobile


class Operator(StrEnum):
    """The gateway's letter for an operator."""

    TELEKOM = "T"
    ORANGE = "O"
    O2 = "2"
    SWAN = "S"

    @property
    def label(self) -> str:
        """The name that people know."""
        return _LABELS[self]


_LABELS: Mapping[Operator, str] = MappingProxyType(
    {Operator.TELEKOM: "Telekom", Operator.ORANGE: "Orange", Operator.O2: "O2", Operator.SWAN: "4ka"}
)

# Source: libphonenumber 9.0.43. The original lacked 952. 943 and 953 to 959 belong to small networks
# or to nobody, and 9090 is no mobile range: none of them is here.
_GIVEN_TO: Mapping[Operator, str] = MappingProxyType(
    {
        Operator.TELEKOM: "901 902 903 904 909 910 911 912 914",
        Operator.ORANGE: "905 906 907 908 915 916 917 918 919 945",
        Operator.O2: "940 944 947 948 949",
        Operator.SWAN: "950 951 952",
    }
)
_OPERATOR_BY_LETTER = {operator.value: operator for operator in Operator}
PREFIXES: Mapping[str, Operator] = MappingProxyType(
    {prefix: operator for operator, prefixes in _GIVEN_TO.items() for prefix in prefixes.split()}
)


def find_operator(operator_type: str) -> Operator | None:
    """Read the gateway's letter, exactly as it is written."""
    return _OPERATOR_BY_LETTER.get(operator_type)


def operator_by_prefix(number: str) -> Operator | None:
    """Guess the operator of a Slovak mobile number in any spelling; None if the range tells nothing.

    Numbers move between operators, so this is the last resort: what the gateway says comes first.
    """
    local = find_slovak_mobile(number)
    return PREFIXES.get(local[1:4]) if local else None
