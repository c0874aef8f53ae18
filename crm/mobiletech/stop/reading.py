"""Read whether a text asks us to stop: yes, perhaps, or no. Pure; the worker and every page ask here.

A missed STOP charges somebody against their will, a false one loses a reader: what is clear stops, what could be
meant so is a near miss that a person looks at. STOP at the beginning or the end stops whatever stands beside it;
the other words stop where all around them asks for the same.

Source: interface.md 8, STOP words.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import groupby, pairwise

from crm.mobiletech.rules.matching import is_one_error_away
from crm.mobiletech.stop import vocabulary as known
from crm.mobiletech.stop.likeness import is_alike
from crm.mobiletech.stop.names import names_of
from crm.mobiletech.stop.naming import find_keyword
from crm.mobiletech.stop.tokens import ASKING, Kind, Token, tokenize
from crm.mobiletech.stop_words import fold_words

LOOKED_AT = 1000  # characters; what stands behind them is not looked at
SHORT = 3  # words: an unknown one among so few is a name, or a word of ours that we do not know
FEW = 3  # unknown words: who tells that they stopped needs no more of them


class StopKind(StrEnum):
    """What a text asks for."""

    STOP = "stop"
    NEAR = "near"  # perhaps: nobody is charged until a person has looked
    NONE = "none"


class Because(StrEnum):
    """Why a text was read as it was; the trace of a decision keeps it."""

    WORD = "word"  # nothing but STOP words
    BESIDE = "beside"  # STOP begins or ends it
    REQUEST = "request"  # a sentence that asks for it
    ERROR = "error"  # with a typing error forgiven
    QUESTION = "question"  # it asks about an end, or denies it
    INSIDE = "inside"  # a STOP word among other words
    ERRORS = "errors"  # like a STOP word, with more than one error, or a real word that is one error away
    HALF = "half"  # a refusal that does not say of what
    NOTHING = "nothing"


@dataclass(frozen=True, slots=True)
class StopVerdict:
    """How a text was read; a keyword means that only what it started is to end."""

    kind: StopKind
    keyword: str | None
    because: Because

    @property
    def is_stop(self) -> bool:
        """Whether it clearly asks."""
        return self.kind is StopKind.STOP

    @property
    def is_near(self) -> bool:
        """Whether a person must ask."""
        return self.kind is StopKind.NEAR


NOTHING = StopVerdict(StopKind.NONE, None, Because.NOTHING)


def read_stop(text: str, keywords: Collection[str] = (), *, taken: Collection[str] = ()) -> StopVerdict:
    """Return how a text is read; only its first LOOKED_AT characters are looked at.

    Give it as it came: signs part its sentences, and folding takes them away.

    `keywords`, folded, started what STOP can end one by one; `taken` are the folded texts of rules: what a rule
    listens to is nobody's typing error, and no near miss unless it asks about an end.
    """
    looked_at = text[:LOOKED_AT]
    names = names_of(frozenset(keywords))
    tokens = tokenize(looked_at, names, taken)
    found = _find_stop(tokens)
    if found is not None:
        because, places = found
        return StopVerdict(StopKind.STOP, find_keyword(tokens, places, names), because)
    words = fold_words(looked_at)
    if is_one_error_away(known.NO_MORE, words) and words not in taken:
        return StopVerdict(StopKind.STOP, None, Because.ERROR)
    near = _find_near(tokens)
    if near is None or (words in taken and near is not Because.QUESTION):
        return NOTHING
    return StopVerdict(StopKind.NEAR, None, near)


def _find_stop(tokens: Sequence[Token]) -> tuple[Because, list[int]] | None:
    """Return why the text clearly asks, and the places of the words that do; None if it does not."""
    asking = [place for place, token in enumerate(tokens) if token.kind in ASKING]
    clear = [place for place in asking if _is_clear(place, tokens)]
    if not clear:
        return None
    if any(tokens[place].is_corrected for place in clear):
        return Because.ERROR, clear
    if all(token.kind in ASKING or token.word == known.NOW for token in tokens):
        return Because.WORD, clear
    is_beside = any(_is_beside(place, tokens) for place in clear)
    return Because.BESIDE if is_beside else Because.REQUEST, clear


def _is_clear(place: int, tokens: Sequence[Token]) -> bool:
    """Return whether a STOP word asks for the end, seen with the words around it."""
    if _is_beside(place, tokens):
        return True
    token = tokens[place]
    clause = [each for each in tokens if each.clause == token.clause]
    if _is_denied(clause) or (token.kind is Kind.REFUSE and any(each.kind is Kind.HEDGE for each in tokens)):
        return False
    if any(each.kind is Kind.OTHER for each in (tokens if token.is_corrected else clause)):
        return token.kind is Kind.CANCEL and not token.is_corrected and _is_request(token, clause)
    return not _has_doubt(clause) or (token.kind is Kind.CANCEL and _is_request(token, clause))


def _is_request(token: Token, clause: Sequence[Token]) -> bool:
    """Return whether an end is asked of us, with nothing said behind it or what is ours, whatever follows that."""
    place = next(index for index, each in enumerate(clause) if each is token)
    before, after = clause[:place], clause[place + 1 :]
    is_order = token.word.endswith(_ORDER)
    if _has_doubt(before) or (_has_doubt(after) and not is_order):
        return False
    is_asked = is_order or _is_asked(before, after)
    if not is_asked and any(each.kind is Kind.OTHER for each in before):
        return False
    following = [each.kind for each in after if each.kind not in _PASSED]
    if is_asked and following[:1] == [Kind.OTHER]:  # how it is: this passive service
        return bool(_OURS & set(following[1:2]))
    return following[0] in _OURS if following else is_asked


def _is_asked(before: Sequence[Token], after: Sequence[Token]) -> bool:
    """Return whether somebody asks for himself: with a word of wanting before, or himself beside."""
    beside = {each.kind for each in (*before[-2:], *after[:2])}
    return Kind.MINE in beside or any(each.kind is Kind.WANT for each in before[-3:])


def _is_beside(place: int, tokens: Sequence[Token]) -> bool:
    """Return whether this is a STOP that begins the text, but for a greeting, or ends it without a question."""
    token = tokens[place]
    if token.kind is not Kind.STOP or token.is_corrected:
        return False
    if all(each.kind is Kind.WANT or each.word in known.OPENING for each in tokens[:place]):
        return True
    clause = [each for each in tokens if each.clause == token.clause]
    return place == len(tokens) - 1 and not _has_doubt(clause)


def _is_denied(clause: Sequence[Token]) -> bool:
    """Return whether the end itself is refused: nechcem zrusit."""
    kinds = [each.kind for each in clause if each.kind in ASKING]
    return any(one is Kind.REFUSE and two is Kind.CANCEL for one, two in pairwise(kinds))


def _has_doubt(words: Sequence[Token]) -> bool:
    return any(each.kind in _DOUBTS for each in words)


def _find_near(tokens: Sequence[Token]) -> Because | None:
    """Return why a person must ask what was meant, None where there is nothing to ask."""
    if any(token.kind is Kind.STOP and not token.is_corrected for token in tokens):
        return Because.INSIDE
    if any(token.kind is Kind.REFUSE for token in tokens) and any(t.word in known.RATHER for t in tokens):
        return Because.QUESTION
    for _, group in groupby(tokens, key=lambda token: token.clause):
        near = _near_clause(list(group), len(tokens))
        if near is not None:
            return near
    return _near_whole(tokens)


def _near_whole(tokens: Sequence[Token]) -> Because | None:
    """Return the same for a text that has no STOP word, or none that counts."""
    others = [token.word for token in tokens if token.kind is Kind.OTHER]
    kinds, words = {token.kind for token in tokens}, {token.word for token in tokens}
    if Kind.TOLD in kinds:
        is_mine = bool(words & known.TOLD_BY_ME) or known.I_DID in words
        if not others or (is_mine and len(others) <= FEW):
            return Because.QUESTION
    if not others and (Kind.HALF in kinds or known.NO in words):
        return Because.HALF
    is_alone = len(others) == 1 and kinds <= _SILENT
    return Because.ERRORS if is_alone and is_alike(others[0]) else None


def _near_clause(clause: Sequence[Token], length: int) -> Because | None:
    """Return why a person must ask about one part of the text; `length` is that of the whole."""
    kinds = {token.kind for token in clause}
    if not kinds & ASKING:
        return None
    is_short = length <= SHORT
    if any(token.is_corrected for token in clause):
        return Because.ERRORS if is_short else None
    if _is_denied(clause) or (_has_doubt(clause) and Kind.OTHER not in kinds):
        return Because.QUESTION
    others = sum(token.kind is Kind.OTHER for token in clause)
    is_personal = bool(kinds & _PERSONAL) or any(token.word == known.NOW for token in clause)
    is_near = is_short or kinds & _OURS or (is_personal and others <= FEW)
    return Because.INSIDE if is_near else None


_ORDER = "TE"  # how a verb ends that tells us to do something
_DOUBTS = frozenset({Kind.QUESTION, Kind.HEDGE, Kind.TOLD})
_OURS = frozenset({Kind.OURS, Kind.KEYWORD})
_PERSONAL = frozenset({Kind.WANT, Kind.MINE})
_PASSED = ASKING | {Kind.FILLING, Kind.WANT, Kind.MINE}
_SILENT = frozenset({Kind.FILLING, Kind.WANT, Kind.MINE, Kind.OTHER})
