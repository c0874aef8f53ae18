"""Who reacts to what: event name -> handlers inside a transaction, or one effect outside the database."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from sqlalchemy.orm import Session

from crm.core.log import bound
from crm.events.claim import Entry


class Event(dict[str, Any]):
    """The payload of an event; `failed_handlers` names those before this one that will be tried again."""

    def __init__(
        self, payload: Mapping[str, Any], *, entry_id: int, failed_handlers: Sequence[str] = ()
    ) -> None:
        super().__init__(payload)
        self.entry_id = entry_id
        self.failed_handlers = tuple(failed_handlers)


Handler = Callable[[Event], None]
ManyHandler = Callable[[Sequence[Event]], None]


class Effect(Protocol):
    """An effect outside the database, framed by two transactions.

    `claim` runs in the first and returns what may be done now; every entry it gets it must return, settle or
    put off, or leave due only because it returned another. `perform` runs with no transaction open, in a
    thread of its own, and does not raise. `record` runs in the second.
    """

    def claim(self, session: Session, entries: Sequence[Entry]) -> Sequence[Any]: ...

    def perform(self, claimed: Any) -> Any: ...

    def record(self, session: Session, results: Sequence[tuple[Any, Any]]) -> None: ...


@dataclass(slots=True)
class Registry:
    """The switchboard of the outbox; filled once at start, by `wiring` and by extensions."""

    handlers: dict[str, list[tuple[int, str, ManyHandler]]] = field(default_factory=dict)
    effects: dict[str, Effect] = field(default_factory=dict)
    unheard: set[str] = field(default_factory=set)  # published for others; nobody here needs to react

    def on(self, event: str, handler: Handler, *, name: str | None = None, order: int = 100) -> None:
        """Call `handler(event)` in a worker, inside a transaction, once in effect for each event.

        Handlers of one event run by `order`, then as registered; each line one logs has the event's ids. The
        name marks the handler's own retries in the outbox, so it must stay the same between releases; the
        default is `module.function`.

        Raises: ValueError when the name is taken for that event, or the event is that of an effect.
        """

        def one_by_one(events: Sequence[Event]) -> None:
            for each in events:
                with bound(entry_id=each.entry_id, event_name=event, **each):
                    handler(each)

        self.on_many(
            event, one_by_one, name=name or f"{handler.__module__}.{handler.__qualname__}", order=order
        )

    def on_many(self, event: str, handler: ManyHandler, *, name: str, order: int = 100) -> None:
        """Call `handler(events)` with what is due at once: never two of one lane, so order is kept.

        Raises: ValueError when the name is taken for that event, or the event is that of an effect.
        """
        if event in self.effects:
            raise ValueError(f"{event}: what it does is an effect, and no handler is called for it")
        known = self.handlers.setdefault(event, [])
        if any(name == other for _, other, _ in known):
            raise ValueError(f"{event}: a handler named {name} is registered already")
        known.append((order, name, handler))
        known.sort(key=lambda item: item[0])

    def effect(self, event: str, effect: Effect) -> None:
        """Let `effect` do the event's work outside the database."""
        if event in self.effects:
            raise ValueError(f"{event}: an effect is registered already")
        self.effects[event] = effect

    def handlers_of(self, event: str, only: str | None) -> list[tuple[str, ManyHandler]]:
        """Return (name, handler) in order; `only` narrows to the one that is tried again."""
        return [
            (name, handler)
            for _, name, handler in self.handlers.get(event, ())
            if only is None or name == only
        ]

    def clear(self) -> None:
        """Forget everything, for tests and for a second application in one process."""
        self.handlers.clear()
        self.effects.clear()
        self.unheard.clear()


registry = Registry()
