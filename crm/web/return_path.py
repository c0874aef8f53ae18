"""Where to go after signing in: only ever to a page of ours."""

import re

# One slash, then anything visible but a backslash, which browsers take for a slash.
_OUR_PATH = re.compile(r"/(?:[!-.0-\[\]-~][!-\[\]-~]*)?", re.ASCII)
LOGIN = "/login"


def own_path(target: str, otherwise: str) -> str:
    """Return the target if it is a path of ours, else `otherwise`."""
    is_ours = len(target) <= 2000 and _OUR_PATH.fullmatch(target) is not None
    return target if is_ours and target.partition("?")[0] != LOGIN else otherwise
