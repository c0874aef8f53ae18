"""Which fate the next SMS will have, as tests and people asked for."""

from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass
from threading import Lock

from crm.core.errors import InvalidInputError
from crm.core.phone import to_international
from crm.simulator.fates import Fate

MOST_WISHES = 10_000

_ANYBODY = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Planned:
    """What one number has to expect: `upcoming` is used up in its order, then `usual` holds."""

    upcoming: tuple[Fate, ...]
    usual: Fate


class FateBook:
    """Fates for one SMS each go first, then lasting ones by text, by number, and for all. Thread-safe.

    A phone may be given in any spelling; none means anybody's.
    """

    def __init__(self) -> None:
        self._lock = Lock()
        self.clear()

    def clear(self) -> None:
        """Forget every wish."""
        with self._lock:
            self._next: dict[str, deque[Fate]] = {}
            self._by_text: dict[str, Fate] = {}
            self._by_phone: dict[str, Fate] = {}
            self._default = Fate.BILLED_AND_DELIVERED

    def add_next(self, fates: Iterable[Fate], *, phone: str = "") -> None:
        """Queue a fate for each of the next SMS.

        Raises: InvalidInputError if it is no phone number, or if too many wait already.
        """
        whose, new = _key(phone), list(fates)
        with self._lock:
            _refuse_too_many(sum(map(len, self._next.values())) + len(new))
            self._next.setdefault(whose, deque()).extend(new)

    def set_default(self, fate: Fate, *, phone: str = "", text_prefix: str = "") -> None:
        """Set what lasts: for SMS that begin with a text, else for a phone, else for all.

        Raises: InvalidInputError if it is no phone number, or if there are too many rules.
        """
        whose = _key(phone)
        with self._lock:
            _refuse_too_many(len(self._by_text) + len(self._by_phone) + 1)
            if text_prefix:
                self._by_text[text_prefix] = fate
            elif whose:
                self._by_phone[whose] = fate
            else:
                self._default = fate

    def take(self, phone: str, text: str) -> Fate:
        """Decide about an SMS and use up the wish, if it was for one only."""
        with self._lock:
            for whose in (_key(phone), _ANYBODY):
                if queue := self._next.get(whose):
                    fate = queue.popleft()
                    if not queue:
                        del self._next[whose]
                    return fate
            by_text = (fate for prefix, fate in self._by_text.items() if text.startswith(prefix))
            return next(by_text, self._by_phone.get(_key(phone), self._default))

    def look(self, phone: str) -> Planned:
        """Tell what is planned for a phone, without using it up."""
        with self._lock:
            upcoming = (*self._next.get(_key(phone), ()), *self._next.get(_ANYBODY, ()))
            return Planned(upcoming=upcoming, usual=self._by_phone.get(_key(phone), self._default))


def _key(phone: str) -> str:
    return to_international(phone) if phone else _ANYBODY


def _refuse_too_many(wishes: int) -> None:
    if wishes > MOST_WISHES:
        raise InvalidInputError(f"The simulator keeps at most {MOST_WISHES} fates; reset it first.")
