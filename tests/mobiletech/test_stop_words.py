"""How words are folded before they are compared."""

from crm.mobiletech.stop_words import fold_words


def test_words_are_folded_to_plain_capitals() -> None:
    assert fold_words("  Už, ne-posielajte… 2× ") == "UZ NE POSIELAJTE 2"
