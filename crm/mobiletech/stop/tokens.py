"""Cut a text into words that know what they mean to a STOP. Pure.

What people do to a word is undone here: signs that are not seen, letters apart or held down, words glued together,
one typing error. What nobody meant as an error (a real word, a keyword of a rule) stays what it is.
"""

import re
import unicodedata
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

from crm.mobiletech.rules.matching import is_one_error_away
from crm.mobiletech.stop import vocabulary as known
from crm.mobiletech.stop.names import Names
from crm.mobiletech.stop_words import fold_words

MOST_WORDS_WITH_ERRORS = 12  # who writes more writes a letter: there a wrong word is only a wrong word
SHORTEST_ERROR = 3
SHORTEST_GLUED = 3
FEWEST_LETTERS_APART = 4  # S T O P
_STOP_SIGN = "\N{OCTAGONAL SIGN}"
# Cyrillic letters of the one word; who writes Ukrainian writes it so.
_CYRILLIC = str.maketrans("СсТтОоПпРр", "SsTtOoPpRr")
_CLAUSE_ENDS = re.compile(r"[.,;:!?()\n\r\u2026]")
_HELD_DOWN = re.compile(r"(.)\1{2,}")
_NEW_CLAUSE = frozenset({"A", "LEBO", "PRETOZE", "KEDZE", "INAK", "TAKZE", "PRETO", "BECAUSE"})


class Kind(StrEnum):
    """What a word means to a STOP."""

    STOP = "stop"
    CANCEL = "cancel"
    REFUSE = "refuse"
    WANT = "want"
    KEYWORD = "keyword"  # of a rule, or a word of it
    OURS = "ours"
    MINE = "mine"
    FILLING = "filling"
    QUESTION = "question"
    HEDGE = "hedge"
    TOLD = "told"
    HALF = "half"
    OTHER = "other"


ASKING = frozenset({Kind.STOP, Kind.CANCEL, Kind.REFUSE})
_GLUED = ASKING | {Kind.WANT, Kind.OURS, Kind.MINE, Kind.FILLING}
_TABLES = (
    (Kind.CANCEL, known.CANCEL),
    (Kind.REFUSE, known.REFUSE),
    (Kind.HALF, known.HALF),
    (Kind.QUESTION, known.QUESTION),
    (Kind.HEDGE, known.HEDGE),
    (Kind.TOLD, known.TOLD),
    (Kind.WANT, known.WANT),
    (Kind.OURS, known.OURS),
    (Kind.MINE, known.MINE),
    (Kind.FILLING, known.FILLING),
)
_KINDS = {word: kind for kind, words in reversed(_TABLES) for word in words} | {known.STOP: Kind.STOP}


@dataclass(frozen=True, slots=True)
class Token:
    """One word: what it is read as, in which part of the sentence, and whether an error was forgiven."""

    word: str
    clause: int
    kind: Kind
    is_corrected: bool = False


def tokenize(text: str, names: Names, taken: Collection[str]) -> list[Token]:
    """Return the words of a text in their order; a word that is taken by a rule is no typing error."""
    pairs = _cut(text)
    whole = "".join(word for word, _ in pairs)
    if whole in known.TOGETHER:  # ST OP
        pairs = [(word, 0) for word in known.TOGETHER[whole]]
    pairs = _reduce([(part, clause) for word, clause in pairs for part in _unglue(word, names.parts)])
    tokens = [Token(word, clause, _kind_beside(word, names.parts)) for word, clause in pairs]
    if len(tokens) <= MOST_WORDS_WITH_ERRORS:
        tokens = [token if token.word in taken else _corrected(token) for token in tokens]
    return _forget_signature(tokens)


def _forget_signature(tokens: Sequence[Token]) -> list[Token]:
    """Return the words with the unknown ones behind thanks or greetings, in the same clause, as filling: a name."""
    signed: set[int] = set()
    kept: list[Token] = []
    for token in tokens:
        is_name = token.kind is Kind.OTHER and token.clause in signed
        kept.append(replace(token, kind=Kind.FILLING) if is_name else token)
        if token.word in known.FAREWELL:
            signed.add(token.clause)
        elif token.kind is not Kind.OTHER:
            signed.discard(token.clause)
    return kept


def _corrected(token: Token) -> Token:
    meant = _correct(token.word) if token.kind is Kind.OTHER else None
    return token if meant is None else Token(meant, token.clause, _KINDS[meant], is_corrected=True)


def _kind_beside(word: str, named: Collection[str]) -> Kind:
    """Return what a word means where some words are keywords; a STOP word is never one."""
    kind = _kind_of(word)
    return Kind.KEYWORD if kind not in ASKING and word in named else kind


def _kind_of(word: str) -> Kind:
    if word in _KINDS:
        return _KINDS[word]
    if len(word) == 1 or word.isdigit():
        return Kind.FILLING
    return Kind.OURS if word.startswith(known.OURS_BEGIN) else Kind.OTHER


def _correct(word: str) -> str | None:
    """Return the STOP word that is one typing error away; None for a real word."""
    if len(word) < SHORTEST_ERROR or word in known.NOT_ERRORS or word in known.NOT_ALIKE:
        return None
    return next((meant for meant in known.TOLERANT if is_one_error_away(meant, word)), None)


def _cut(text: str) -> list[tuple[str, int]]:
    """Return the folded words, each with the number of its clause."""
    pairs: list[tuple[str, int]] = []
    for clause, part in enumerate(_CLAUSE_ENDS.split(_plain(text))):
        pairs += [(_HELD_DOWN.sub(r"\1", word), clause) for word in fold_words(part).split()]
    return _join_letters(pairs)


def _plain(text: str) -> str:
    """Return the text without signs that are not seen or are no letters, and a stop sign as its word."""
    if text.isascii():
        return text
    return "".join(map(_plain_sign, text.translate(_CYRILLIC)))


def _plain_sign(sign: str) -> str:
    match unicodedata.category(sign):
        case "Cf":
            return ""
        case "So":
            letters = unicodedata.normalize("NFKD", sign)
            one = letters if len(letters) == 1 and letters.isalnum() else " "
            return f" {known.STOP} " if sign == _STOP_SIGN else one
        case _:
            return sign


def _join_letters(pairs: Sequence[tuple[str, int]]) -> list[tuple[str, int]]:
    """Return the words with letters that stand apart made one word."""
    joined: list[tuple[str, int]] = []
    run: list[tuple[str, int]] = []
    for pair in [*pairs, ("", -1)]:
        if len(pair[0]) == 1:
            run.append(pair)
            continue
        if len(run) >= FEWEST_LETTERS_APART:
            joined.append(("".join(word for word, _ in run), run[0][1]))
        else:
            joined += run
        run = []
        joined.append(pair)
    return joined[:-1]


def _unglue(word: str, named: Collection[str]) -> list[str]:
    """Return STOPNOVINY as its two words, STOPSTOP as STOP."""
    if word.replace(known.STOP, "") == "":
        return [known.STOP]
    if word in _KINDS or word in named:
        return [word]
    head, tail = word.removesuffix(known.STOP), word.removeprefix(known.STOP)
    if tail != word and _is_said(tail, named):
        return [known.STOP, tail]
    if head != word and _is_said(head, named):
        return [head, known.STOP]
    rest = word.removeprefix("UZ")
    return ["UZ", rest] if rest != word and _KINDS.get(rest) in ASKING else [word]


def _is_said(word: str, named: Collection[str]) -> bool:
    is_long = len(word) >= SHORTEST_GLUED or word.isdigit()
    return is_long and (word in named or _kind_of(word) in _GLUED)


def _reduce(pairs: Sequence[tuple[str, int]]) -> list[tuple[str, int]]:
    """Return the words with pairs as the one word that they are, repeats once, clauses parted at conjunctions."""
    reduced: list[tuple[str, int]] = []
    parted = 0
    for word, clause in pairs:
        if word in _NEW_CLAUSE and reduced:
            parted += 1
            continue
        if reduced and reduced[-1][0] == word:  # STOP STOP STOP
            continue
        reduced.append((word, clause + parted))
        while len(reduced) > 1 and (reduced[-2][0], reduced[-1][0]) in known.PHRASES:
            last = reduced.pop()
            reduced[-1] = (known.PHRASES[reduced[-1][0], last[0]], last[1])
    return reduced
