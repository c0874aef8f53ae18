"""Hashes for tests: of an older CRM, and a hasher that remembers what it was asked to check."""

import bcrypt
from argon2 import PasswordHasher


def make_bcrypt(password: str, *, cost: int = 10) -> str:
    """Return the hash that PHP's password_hash would have made: it reads 72 bytes and writes `$2y$`."""
    hashed = bcrypt.hashpw(password.encode()[:72], bcrypt.gensalt(cost)).decode()
    return hashed.replace("$2b$", "$2y$")


class CountingHasher(PasswordHasher):
    """Hashes as cheaply as the tests do, and remembers."""

    def __init__(self) -> None:
        super().__init__(time_cost=1, memory_cost=8, parallelism=1)
        self.checked: list[str] = []
        self.made = 0

    def verify(self, hash: str | bytes, password: str | bytes) -> bool:  # type: ignore[override]
        """Check, and remember against what."""
        self.checked.append(str(hash))
        return super().verify(hash, password)

    def hash(self, password: str | bytes, *, salt: bytes | None = None) -> str:
        """Hash, and count."""
        self.made += 1
        return super().hash(password, salt=salt)
