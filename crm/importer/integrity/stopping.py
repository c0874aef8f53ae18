"""Renewals that break a rule: kept stopped until it is mended, and let go on when it is.

Such a row is `system_stop` with a row in `import_stops`, and its `updated_at` is still its `created_at`: whatever a
person or a charge does to it moves that, and then it is theirs. A reader who wrote STOP meanwhile had nothing that it
could stop, so that is looked for here before anything goes on.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import delete, select, text
from sqlalchemy.orm import Session

from crm.core.clock import db_now
from crm.core.copying import among, array_text, by_indexes
from crm.core.errors import N_, Said
from crm.core.phone import to_international
from crm.importer.integrity.questions import ASKED, ASKED_IF_ACTIVE, Kind
from crm.importer.integrity.rules import RULES, parts_of
from crm.importer.models import ImportStop
from crm.importer.reader_stops import EVER, ReaderStops
from crm.importer.stops_beside import find_stops_beside_renewals
from crm.payments.models import RecurrentPayment
from crm.payments.statuses import RecurrentState
from crm.sms_billing.reader_stops import NOTE as WROTE_STOP
from crm.subscriptions.lifecycle import lock_readers
from crm.users.audit_log import record_act
from crm.users.phones import find_phones_of

AT_ONCE = 300  # rows of one transaction: whoever waits for one of their readers waits a moment
BEGINNING = "Imported stopped"  # of both notes
BREAKS = N_(
    "Imported stopped, for it breaks %(rules)s: the check of imports says what that means and how to mend it."
)
IS_PAST = N_(
    "Imported stopped. It breaks no rule any more, but its date is past: import it again, or try it anew."
)

# What the file said stays under our sentence, and alone once the sentence goes.
_IDS = "SELECT unnest(CAST(CAST(:ids AS text) AS bigint[]))"
_OWN = "nullif(regexp_replace(coalesce(row.note, ''), '^" + BEGINNING + "[^\n]*\n?', ''), '')"
_KEEP = text(f"""
    WITH kept AS (
        SELECT * FROM unnest(CAST(:ids AS bigint[]), CAST(:rules AS text[]), CAST(:notes AS text[]))
               AS kept (id, rules, note)
    ), written AS (
        INSERT INTO import_stops (recurrent_payment_id, import_id, rules)
        SELECT id, :import_id, string_to_array(rules, ' ') FROM kept
        ON CONFLICT (recurrent_payment_id) DO UPDATE SET rules = excluded.rules
    )
    UPDATE recurrent_payments AS row
    SET state = 'system_stop', note = concat_ws(chr(10), kept.note, {_OWN}), updated_at = row.created_at
    FROM kept WHERE row.id = kept.id
""")  # noqa: S608 - constants of this file
_LET_GO = text(f"""
    UPDATE recurrent_payments AS row
    SET state = :state, note = coalesce(CAST(:note AS text), {_OWN}),
        updated_at = CASE WHEN :state = 'active' THEN row.created_at ELSE crm_now() END
    WHERE row.id IN ({_IDS}) AND row.state = 'system_stop'
""")  # noqa: S608 - constants of this file
_TELL_PAST = text(f"""
    WITH past AS (UPDATE import_stops SET rules = '{{}}' WHERE recurrent_payment_id IN ({_IDS}))
    UPDATE recurrent_payments AS row
    SET note = concat_ws(chr(10), CAST(:note AS text), {_OWN}), updated_at = row.created_at
    WHERE row.id IN ({_IDS})
""")  # noqa: S608 - constants of this file
_IS_UNTOUCHED = "row.state = 'system_stop' AND row.updated_at = row.created_at"
# Another row has taken its place, or may be charged: then it goes on no more.
_IS_LAST = """NOT EXISTS (
    SELECT 1 FROM recurrent_payments AS other WHERE other.payment_method_id = row.payment_method_id
      AND (other.id > row.id OR other.state IN ('active', 'pending')))"""
_LIST = text(f"""
    SELECT row.id FROM recurrent_payments AS row JOIN import_stops AS stop ON stop.recurrent_payment_id = row.id
    WHERE row.id > :after AND {_IS_UNTOUCHED} AND {_IS_LAST} ORDER BY row.id LIMIT :most
""")  # noqa: S608 - constants of this file
_TAKE = text(f"""
    SELECT row.id, row.user_id, row.subscription_type_id AS type_id, type.code AS type_code, row.charge_at,
           inbound."from" AS number, inbound.receive_date
    FROM recurrent_payments AS row
    JOIN import_stops AS stop ON stop.recurrent_payment_id = row.id
    JOIN subscription_types AS type ON type.id = row.subscription_type_id
    LEFT JOIN mobiletech_inbound_messages AS inbound ON inbound.mobiletech_id = row.cid
    WHERE row.id IN ({_IDS}) AND {_IS_UNTOUCHED} AND {_IS_LAST}
    ORDER BY row.id FOR UPDATE OF row
""")  # noqa: S608 - constants of this file


@dataclass(slots=True)
class Mended:
    """What became of the renewals that were kept stopped: how many of each."""

    active: int = 0
    past: int = 0  # they break nothing, but would be charged at once
    broken: int = 0
    stopped_by_reader: int = 0
    ids: list[int] = field(default_factory=list, compare=False)  # that are active now
    began: datetime = field(default=EVER, compare=False)
    next_after: int | None = field(default=None, compare=False)

    def add(self, other: "Mended", stopped: Collection[int]) -> None:
        """Count others, of which some were `stopped` right after."""
        late = len(set(stopped) & set(other.ids))
        self.active += other.active - late
        self.past += other.past
        self.broken += other.broken
        self.stopped_by_reader += other.stopped_by_reader + late


class Ordered(NamedTuple):
    """What was ordered, when and from which number: all that decides whether a STOP of its reader ends it."""

    id: int
    user_id: int
    type_id: int
    type_code: str
    charge_at: datetime
    number: str | None
    ordered_at: datetime | None


def list_broken(
    session: Session, renewal_ids: Collection[int], *, leave_out: Collection[str] = ()
) -> dict[int, list[str]]:
    """Return, by renewal, the rules that it breaks, itself or by the payment that it follows; whole ones are absent."""
    if not renewal_ids:
        return {}
    with by_indexes(session):
        return _ask(session, renewal_ids, leave_out)


def list_broken_if_active(session: Session, renewal_ids: Collection[int]) -> dict[int, list[str]]:
    """Return the same for renewals that are stopped, as if they went on."""
    with by_indexes(session):
        return _ask(session, renewal_ids, (), ASKED_IF_ACTIVE)


def keep_stopped(session: Session, broken: Mapping[int, Sequence[str]], import_id: int | None) -> None:
    """Stop renewals that nobody has touched, each with the rules that it breaks."""
    if broken:
        notes = [str(Said(BREAKS, rules=", ".join(rules))) for rules in broken.values()]
        named = [" ".join(rules) for rules in broken.values()]
        values = {"ids": list(broken), "rules": named, "notes": notes, "import_id": import_id}
        session.execute(_KEEP, values)


def let_go(
    session: Session,
    renewal_ids: Collection[int],
    state: RecurrentState = RecurrentState.ACTIVE,
    note: str | None = None,
) -> None:
    """Keep renewals stopped no more: they become active, or what their reader or the old system says."""
    if renewal_ids:
        session.execute(_LET_GO, {"ids": array_text(renewal_ids), "state": str(state), "note": note})
        session.execute(delete(ImportStop).where(among(ImportStop.recurrent_payment_id, renewal_ids)))


def is_kept(session: Session, renewal_id: int) -> bool:
    """Return whether a renewal is kept stopped for a rule; of one that only its date keeps, none is left."""
    stop = session.get(ImportStop, renewal_id, populate_existing=True)
    return stop is not None and bool(stop.rules)


def take_kept(session: Session, renewal_ids: Collection[int]) -> list[Ordered]:
    """Lock and return what is kept stopped and untouched, and what no other renewal has taken the place of.

    Their readers are locked first: a payment that is confirmed meanwhile plans its renewal beside what it sees.
    """
    readers = select(RecurrentPayment.user_id).where(among(RecurrentPayment.id, renewal_ids))
    lock_readers(session, set(session.execute(readers).scalars()))
    return [Ordered(*row) for row in session.execute(_TAKE, {"ids": array_text(renewal_ids)})]


def mend(session: Session, *, after: int = 0) -> Mended:
    """Let renewals go on that break no rule any more and whose date is ahead; write it down as an act.

    It does AT_ONCE of those behind the id `after`. The caller commits, has `heed_late_stops` look for what came since
    `began`, and goes on behind `next_after` until that is None.
    """
    began: datetime = session.execute(select(db_now())).scalar_one()
    ids = session.execute(_LIST, {"after": after, "most": AT_ONCE}).scalars().all()
    done = Mended(began=began, next_after=ids[-1] if len(ids) == AT_ONCE else None)
    rows = take_kept(session, ids)
    if rows:
        _mend(session, rows, done)
    counts = {
        "active": done.active,
        "past": done.past,
        "broken": done.broken,
        "stopped": done.stopped_by_reader,
    }
    record_act(session, "import.mend", "imports", after=counts)
    return done


def find_reader_stops(session: Session, rows: Sequence[Ordered], since: datetime = EVER) -> dict[int, int]:
    """Return, by renewal, the SMS by which its reader wrote STOP after ordering it, of those that came since then."""
    phones = find_phones_of(session, {row.user_id for row in rows})
    numbers = {row.id: list(_numbers_of(row, phones)) for row in rows}
    stops = ReaderStops(session, {number for some in numbers.values() for number in some}, since)
    found: dict[int, int] = {}
    for row in rows:
        if row.ordered_at is not None:
            stop = stops.find(numbers[row.id], row.ordered_at, row.type_code)
            found |= {row.id: stop} if stop is not None else {}
    return found


def find_stop_notes(session: Session, rows: Sequence[Ordered]) -> dict[int, Said]:
    """Return, by renewal, what its reader has done here to end it: written STOP, or stopped another of its type."""
    stops = find_reader_stops(session, rows)
    beside = find_stops_beside_renewals(session, [row.id for row in rows if row.id not in stops])
    return beside | {row_id: Said(WROTE_STOP, id=inbound_id) for row_id, inbound_id in stops.items()}


def _ask(
    session: Session, renewal_ids: Collection[int], leave_out: Collection[str], asked: str = ASKED
) -> dict[int, list[str]]:
    questions = [
        f"SELECT broken.id, '{rule.name}' AS rule FROM ({part.of_renewals}) AS broken"  # noqa: S608 - constants
        for rule in RULES
        if rule.is_of_renewals and rule.name not in leave_out
        for part in parts_of(session, rule, renewal_ids)
        if part.kind in (Kind.RENEWAL, Kind.PAYMENT)
    ]
    order = {rule.name: place for place, rule in enumerate(RULES)}
    broken: dict[int, set[str]] = {}
    for row_id, rule in session.execute(
        text(f"{asked} {' UNION ALL '.join(questions)}"), {"ids": array_text(renewal_ids)}
    ):
        broken.setdefault(row_id, set()).add(rule)
    return {row_id: sorted(rules, key=order.__getitem__) for row_id, rules in broken.items()}


def _mend(session: Session, rows: Sequence[Ordered], done: Mended) -> None:
    stops = find_stop_notes(session, rows)
    for row_id, note in stops.items():
        let_go(session, [row_id], RecurrentState.USER_STOP, str(note))
    left = [row for row in rows if row.id not in stops]
    broken = list_broken(session, [row.id for row in left])
    whole = [row for row in left if row.id not in broken]
    past = [row.id for row in whole if row.charge_at <= done.began]
    ahead = _first_of_each([row for row in whole if row.charge_at > done.began])
    let_go(session, ahead)
    done.ids = ahead
    _tell_past(session, past)
    done.stopped_by_reader, done.active, done.past = len(stops), len(ahead), len(past)
    done.broken = len(left) - len(past) - len(ahead)


def _first_of_each(rows: Sequence[Ordered]) -> list[int]:
    """Return the first of each reader and type: a second one would break R8 as soon as the first went on."""
    first: dict[tuple[int, int], int] = {}
    for row in rows:
        first.setdefault((row.user_id, row.type_id), row.id)
    return list(first.values())


def _tell_past(session: Session, ids: Collection[int]) -> None:
    """Say of renewals that no rule keeps them any more, but their date: whoever tries one anew gives it another."""
    if ids:
        session.execute(_TELL_PAST, {"ids": array_text(ids), "note": IS_PAST})


def _numbers_of(row: Ordered, phones: Mapping[int, str]) -> Iterator[str]:
    if row.number is not None:
        yield row.number
    if row.user_id in phones:
        yield to_international(phones[row.user_id])
