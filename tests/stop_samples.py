"""The collected SMS of people who want to stop, and of those who do not."""

import re
from pathlib import Path

SAMPLES = Path(__file__).parent / "samples"
KEYWORDS = frozenset({"NOVINY", "DENNIK", "SPRAVY", "START", "MESIAC", "KLUB"})
_ESCAPED = re.compile(r"\\n|\\u([0-9a-f]{4})")


def read_samples(name: str) -> list[tuple[str, str]]:
    """Return each text of a file with what stands behind its TAB, empty if nothing does."""
    lines = (SAMPLES / name).read_text(encoding="utf-8").splitlines()
    pairs = [line.partition("\t") for line in lines if line and not line.startswith("# ")]
    return [(_unescape(text), behind) for text, _, behind in pairs]


def _unescape(text: str) -> str:
    return _ESCAPED.sub(lambda found: chr(int(found[1], 16)) if found[1] else "\n", text)
