"""How a type is called in an SMS."""

import pytest

from crm.subscriptions.short_names import is_plain, short_name_of


@pytest.mark.parametrize(
    ("written", "label", "name"),
    [
        ("Mesacne", "Mesačné predplatné", "Mesacne"),
        (None, "Mesačné predplatné", "Mesacne predplatne"),
        ("", "Týždenník", "Tyzdennik"),
        ("   ", "Ročné", "Rocne"),
        (None, "ľščťžýáíéúäňôŕĺď ĽŠČŤŽÝÁÍÉÚÄŇÔŔĹĎ", "lsctzyaieuanorld LSCTZYAIEUANORLD"),
        (None, "Mäso za 5 €", "Maso za 5 EUR"),
        (None, "Őszi „ajánlat“ – straße…", 'Oszi "ajanlat" - strasse...'),
        (None, "Do\u00adma\u00a0 von\n", "Doma von"),
        (None, "`Denník´", "'Dennik'"),
        (None, "Noviny 📰 plus", "Noviny plus"),
        (None, "Газета", ""),
        (None, "Predplatné denníka a všetkých jeho magazínov", "Predplatne dennika a vsetkych jeho"),
        (None, "x" * 50, "x" * 40),
        ("Dennik a magaziny spolu na cely mesiac X", "", "Dennik a magaziny spolu na cely mesiac X"),
    ],
)
def test_a_name_for_sms_is_short_and_plain(written: str | None, label: str, name: str) -> None:
    assert short_name_of(written, label) == name


@pytest.mark.parametrize(
    ("name", "plain"),
    [
        ("Mesacne +", True),
        ("Mesačné", False),
        ("5 €", False),
        ("Dennik`", False),
        (" Dennik", False),
        ("", True),
    ],
)
def test_a_plain_name_is_its_own_likeness(name: str, plain: bool) -> None:
    assert is_plain(name) is plain
