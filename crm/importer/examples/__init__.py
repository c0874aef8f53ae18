"""A small file of each entity, which imports as it stands after those before it."""

from pathlib import Path

FOLDER = Path(__file__).parent


def read_example(entity: str) -> str:
    """Return the file's text."""
    return (FOLDER / f"{entity}.csv").read_text(encoding="utf-8")
