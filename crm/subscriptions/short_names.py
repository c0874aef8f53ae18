"""How a subscription type is called in an SMS: short, and in letters that every phone and tariff has.

Source: behaviour.md 6.4, B50: ASCII, at most 40 characters; Slovak `ä` is `a`, never `ae`.
"""

from crm.core.plain_letters import to_ascii

LONGEST = 40
KEY = "short_name"  # of the type's meta


def short_name_of(short_name: str | None, user_label: str) -> str:
    """Return the name for SMS: the one that staff wrote, else what the label gives.

    Shape: one that is too long ends at a word if it can. Empty if nothing of the label is left in ASCII.
    """
    return _cut(to_ascii(short_name or "") or to_ascii(user_label))


def is_plain(name: str) -> bool:
    """Return whether a name is its own likeness in ASCII: nothing in it would be changed."""
    return name == to_ascii(name)


def _cut(name: str) -> str:
    if len(name) <= LONGEST:
        return name
    whole_words = name[: LONGEST + 1].rpartition(" ")[0]
    return whole_words or name[:LONGEST]
