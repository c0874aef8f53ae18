"""What just happened, told on the next page; where it is safe with a way to undo it, which is a POST like any other."""

from dataclasses import asdict, dataclass, field

from flask import flash


@dataclass(frozen=True, slots=True, kw_only=True)
class Undo:
    """A button that takes an act back: where it posts, and with which fields."""

    action: str
    label: str
    fields: dict[str, str] = field(default_factory=dict)


def flash_undoable(words: str, undo: Undo) -> None:
    """Say that something is done, with the way back."""
    flash({"words": words, "undo": asdict(undo)}, "good")  # type: ignore[arg-type]  # kept as JSON in the session


def flash_link(words: str, href: str, label: str, category: str = "good") -> None:
    """Say that something is done, with the way on."""
    flash({"words": words, "link": {"href": href, "label": label}}, category)  # type: ignore[arg-type]
