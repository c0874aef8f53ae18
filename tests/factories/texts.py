"""Random texts of SMS: lengths near the edges of parts, characters that are one unit or a pair of them."""

import random

EDGES = (1, 66, 67, 70, 71, 133, 134, 151, 152, 153, 160, 161, 201, 305, 306, 307, 459)
PLAIN = "abcdefghijklmnopqrstuvwxyz ABCDEF0123456789.,!?\n@£ßäéÅΔ"
PAIRS = "€[]{}^|~\\"
SLOVAK = "áčďéíľĺňóôŕšťúýžÁČĎÍĽŠŤŽ„“–…\u00a0"
FOREIGN = "Прив日本é½²"
ASTRAL = "😀🎉𝄞🇸🇰"
ALPHABETS = (PLAIN, PLAIN + PAIRS, PAIRS, PLAIN + SLOVAK, PLAIN + FOREIGN, PLAIN[:9] + ASTRAL, ASTRAL + PAIRS)


def make_strings(seed: int, count: int) -> list[str]:
    """Return the texts that the seed stands for."""
    chosen = random.Random(seed)
    strings = []
    for _ in range(count):
        alphabet = chosen.choice(ALPHABETS)
        length = max(0, chosen.choice(EDGES) + chosen.randint(-3, 2))
        text = "".join(chosen.choices(alphabet, k=length))
        if length and chosen.random() < 0.3:  # a pair just at an edge
            place = min(length, chosen.choice(EDGES)) - 1
            text = text[:place] + chosen.choice(PAIRS + ASTRAL) + text[place + 1 :]
        strings.append(text)
    return strings
