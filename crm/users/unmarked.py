"""Names without their marks, in small letters, so that Novakova finds Nováková: the same here and in the database."""

# Slovak letters and their neighbours'. The migration that made users.search_text has them too.
MARKED = "áäčďéěíĺľňóôöőŕřšťúůüűýž"
PLAIN = "aacdeeillnoooorrstuuuuyz"
_UNMARK = str.maketrans(MARKED, PLAIN)


def unmarked(text: str) -> str:
    """Return the text as it is looked for."""
    return text.lower().translate(_UNMARK)
