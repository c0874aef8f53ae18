"""Hashes of passwords as they stand in a file: those that can be verified, with bearable work."""

import re

from crm.core.errors import N_
from crm.importer.errors import CellError
from crm.users.passwords import is_verifiable

_BCRYPT = re.compile(r"\$2[aby]\$[0-9]{2}\$[./A-Za-z0-9]{53}", re.ASCII)
_ARGON2 = re.compile(
    r"\$argon2id\$v=(?:16|19)\$m=[0-9]{1,7},t=[0-9]{1,3},p=[0-9]{1,3}"
    r"\$[A-Za-z0-9+/]{11,88}\$[A-Za-z0-9+/]{16,88}",
    re.ASCII,
)


def password_hash(value: str) -> str:
    """Read a hash as PHP or we make it; never the password itself."""
    if not (_BCRYPT.fullmatch(value) or _ARGON2.fullmatch(value)):
        raise CellError(
            "password",
            N_(
                "This is no password hash that can be verified: bcrypt ($2y$, $2a$, $2b$) or argon2id. Leave it"
                " empty for a person who signs in by a code."
            ),
        )
    if not is_verifiable(value):
        raise CellError(
            "password_cost",
            N_("Nobody can verify this password hash with reasonable time and memory. Leave it empty."),
        )
    return value
