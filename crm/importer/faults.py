"""What is wrong with one value of a row: the column, what stood there, the rule's code, and the sentence."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from crm.core.errors import N_

LONGEST_VALUE = 100
HIDDEN = N_("(not shown)")
HASHES = ("$2", "$argon2")  # a password's hash begins so; it is shown nowhere, whatever its column is called


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """One thing that is wrong; the sentence is `message` with its places filled from `fields`."""

    column: str
    value: str
    code: str
    message: str
    fields: Mapping[str, object] = field(default_factory=dict)

    def __str__(self) -> str:
        """Say it in English: what a command prints and an error file holds."""
        said = self.message % self.fields if self.fields else self.message
        told = "".join(sign if sign.isprintable() else " " for sign in said)  # no terminal is to obey it
        return f"{self.column}: {told} [{self.code}]" if self.column else f"{told} [{self.code}]"

    def as_json(self) -> dict[str, Any]:
        """Return what is stored."""
        return {
            "column": self.column,
            "value": _without_hash(self.value)[:LONGEST_VALUE],
            "code": self.code,
            "message": self.message,
            "fields": {name: _without_hash(str(value)) for name, value in self.fields.items()},
        }


def read_fault(stored: Mapping[str, Any]) -> Fault:
    """Return what was stored."""
    return Fault(**stored)


def is_hash(text: str) -> bool:
    """Return whether a value looks like the hash of a password."""
    return text.lstrip().startswith(HASHES)


def _without_hash(value: str) -> str:
    return HIDDEN if is_hash(value) else value
