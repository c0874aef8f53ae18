"""In which order types are brought in, for one may be followed by another that stands below it."""

from collections.abc import Mapping


def list_followers_first(following: Mapping[str, str]) -> list[str]:
    """Return the codes so that each comes after the one that follows it, as far as that can be.

    Shape: `following` has the code of the next type by code, an empty one where none follows.
    """
    order: dict[str, None] = {}
    for first in following:
        chain: list[str] = []
        code = first
        while code in following and code not in order and code not in chain:
            chain.append(code)
            code = following[code]
        order.update(dict.fromkeys(reversed(chain)))
    return list(order)
