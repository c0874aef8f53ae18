"""The file with the demo logins: readable by its owner only, written when the logins are made."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

HEADER = "Demo logins (e-mail or number, and password):"


@dataclass(frozen=True, slots=True, kw_only=True)
class Login:
    """How somebody of the demo signs in: staff by e-mail, a reader by phone number."""

    role: str
    name: str
    password: str

    @property
    def line(self) -> str:
        return f"  {self.role:<8} {self.name:<22} {self.password}"


def write_logins(path: Path, logins: Sequence[Login]) -> None:
    """Write the logins; those of other people that stand in the file already stay there."""
    made = {login.name for login in logins}
    kept = [line for line in _lines(path) if line.startswith("  ") and not made.intersection(line.split())]
    path.parent.mkdir(parents=True, exist_ok=True)
    path.touch(mode=0o600)
    path.chmod(0o600)
    path.write_text("\n".join([HEADER, *kept, *(login.line for login in logins)]) + "\n", encoding="utf-8")


def _lines(path: Path) -> list[str]:
    return path.read_text(encoding="utf-8").splitlines() if path.exists() else []
