"""The keys of the staff's pages, in words; js/keys.js does what they say."""

from dataclasses import dataclass

from crm.core.errors import N_


@dataclass(frozen=True, slots=True)
class Key:
    """A key, or two after one another, and what it does."""

    keys: tuple[str, ...]
    does: str


KEYS = (
    Key(("/",), N_("Search")),
    Key(("j",), N_("Next row")),
    Key(("k",), N_("Previous row")),
    Key(("Enter",), N_("Open the row")),
    Key(("Esc",), N_("Leave a field, close a menu, go back")),
    Key(("r",), N_("Write an answer")),
    Key(("e",), N_("Done, and on to the next")),
    Key(("g",), N_("Then a letter: go to a page of the navigation")),
    Key(("?",), N_("Show these keys")),
)
