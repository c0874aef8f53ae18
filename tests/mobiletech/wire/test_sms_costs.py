"""What is dear in a text is named once, with what says the same for less; nothing that is free is named."""

import pytest

from crm.mobiletech.wire.sms_costs import list_costs, write_instead
from crm.mobiletech.wire.sms_text import Encoding, measure

COSTS = {
    "nothing": ("Dobrý deň, „Žofia“ – 4,99 EUR…", []),
    "a sign that counts twice": ("4,99 € alebo 5 €", [("€", "double", 2, "EUR")]),
    "brackets": ("[a] {b}", [
        ("[", "double", 1, "("), ("]", "double", 1, ")"), ("{", "double", 1, "("), ("}", "double", 1, ")")
    ]),
    "an emoji": ("Vitajte 😀!", [("😀", "foreign", 1, "")]),
    "beside an emoji nothing counts twice": ("4 € 😀", [("😀", "foreign", 1, "")]),
    "a letter that only a person can write otherwise": ("Привет", [(sign, "foreign", 1, None) for sign in "Привет"]),
    "a fraction": ("2½ litra", [("½", "foreign", 1, " 1/2")]),
}  # fmt: skip


@pytest.mark.parametrize(("text", "costs"), COSTS.values(), ids=COSTS)
def test_what_is_dear_is_named_with_what_to_write(
    text: str, costs: list[tuple[str, str, int, str | None]]
) -> None:
    found = [(cost.character, str(cost.kind), cost.count, cost.instead) for cost in list_costs(text)]

    assert found == costs


@pytest.mark.parametrize("text", ["4,99 € [a]", "Vitajte 😀 ✓ {x}", "a^b ~ c | d \\ e"])
def test_with_everything_written_instead_nothing_is_dear(text: str) -> None:
    cheaper = text
    while costs := list_costs(cheaper):
        cheaper = write_instead(cheaper, costs[0].character)

    assert measure(cheaper).encoding is Encoding.GSM7
    assert measure(cheaper).units == len(cheaper)


def test_a_letter_typed_as_two_signs_is_found_too() -> None:
    assert write_instead("½ a e\u0301", "½") == " 1/2 a é"
