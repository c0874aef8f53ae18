"""Where to go after signing in: only ever to a page of ours."""

import re

# One slash, then anything visible but a backslash, which browsers take for a slash.
_OUR_PATH = re.compile(r"/(?:[!-.0-\[\]-~][!-\[\]-~]*)?", re.ASCII)
LOGIN = "/login"


def own_path(target: str, otherwise: str) -> str:
    """Return the target if it is a path of ours and not the login, else `otherwise`."""
    return target if is_own_path(target) and target.partition("?")[0] != LOGIN else otherwise


def is_own_path(target: str) -> bool:
    """Return whether the target is a path of ours."""
    return len(target) <= 2000 and _OUR_PATH.fullmatch(target) is not None
