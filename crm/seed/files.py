"""The data files beside this module."""

from pathlib import Path
from typing import Any

import yaml

HERE = Path(__file__).parent


def read_data(name: str) -> Any:
    """Return what `NAME.yaml` holds."""
    return yaml.safe_load((HERE / f"{name}.yaml").read_text(encoding="utf-8"))
