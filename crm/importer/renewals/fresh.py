"""Renewals that are new: taken in, unless something of theirs goes on here; stopped where a rule or a STOP says so."""

from collections.abc import Collection, Mapping, Sequence
from datetime import timedelta

from crm.core.errors import N_, Said
from crm.importer.batches import Batch, Outcome
from crm.importer.claims import Key
from crm.importer.integrity.stopping import Ordered, find_reader_stops, keep_stopped, list_broken
from crm.importer.reader_stops import EVER
from crm.importer.renewals.due import is_due, settle_due
from crm.importer.renewals.here import HAS_RENEWAL, Here
from crm.importer.renewals.later import refuse_later
from crm.importer.renewals.records import is_open
from crm.importer.renewals.references import PARENT, Resolved, refuse_unpaid
from crm.importer.renewals.writing import Decided, insert, list_active, stop_for_readers, take_out
from crm.importer.stops_beside import Followed, find_stops_beside
from crm.payments.statuses import RecurrentState
from crm.sms_billing.reader_stops import NOTE as WROTE_STOP

TWICE = "R8"  # asked here and not by its query: a dry run does not see the rows of the batches before
LATELY = timedelta(minutes=1)  # while the batch was being written


def load_fresh(batch: Batch, here: Here, resolved: Sequence[Resolved]) -> None:
    """Decide and write the lines of which nothing is here."""
    here.read_closed(batch, resolved)
    for each in resolved:
        refuse_unpaid(batch, each)
        here.refuse_second(batch, each)
    refuse_later(batch, _open(batch, resolved))
    _refuse_late_history(batch, resolved)
    stops = _find_stops(batch, [each for each in _open(batch, resolved) if is_open(each.record)])
    beside = _find_stops_beside(batch, [each for each in _open(batch, resolved) if is_open(each.record)])
    notes = beside | {line: Said(WROTE_STOP, id=stop) for line, stop in stops.items()}
    decided = {each.number: _decide(each, notes.get(each.number)) for each in resolved}
    _claim(batch, resolved, decided)
    taken = [decided[each.number] for each in _open(batch, resolved)]
    for one in taken:
        batch.settle(one.resolved.number, Outcome.INSERTED)
    active = {row_id: one for row_id, one in insert(batch, taken).items() if one.is_active}
    _settle_active(batch, here, active)
    _settle_due(batch, active)


def find_twice(batch: Batch, here: Here, lines: Mapping[int, Resolved], broken: Collection[int]) -> list[int]:
    """Return, of renewals by id, those whose reader has the same already, here or by an earlier line.

    One that breaks another rule is not charged, so it does not count for the lines after it.
    """
    keys = {row_id: (each.user_id, each.kind.id) for row_id, each in lines.items()}
    renewed = batch.list_claimed("renews", set(keys.values()))
    twice, first = [], []
    for row_id, each in sorted(lines.items(), key=lambda item: item[1].number):
        if keys[row_id] in renewed or here.renews(*keys[row_id], besides=row_id):
            twice.append(row_id)
        elif row_id not in broken:
            renewed.add(keys[row_id])
            first.append((each.line, keys[row_id]))
    batch.note_all("renews", first)
    return twice


def chain_of(each: Resolved) -> str:
    """Name a chain, for claims."""
    return f"{each.user_id} {each.record.cid}"


def _open(batch: Batch, resolved: Sequence[Resolved]) -> list[Resolved]:
    return [each for each in resolved if each.number not in batch.outcomes]


def _refuse_late_history(batch: Batch, resolved: Sequence[Resolved]) -> None:
    """What is over would be read as the newest of its chain if it came after what goes on."""
    over = [each for each in _open(batch, resolved) if not is_open(each.record)]
    going = batch.list_claimed("going", {chain_of(each) for each in over})
    for each in over:
        if chain_of(each) in going:
            told = N_("What goes on of this cid stands before it: sort the file by id, the oldest first.")
            batch.refuse(each.number, "cid", HAS_RENEWAL, told, value=each.record.cid)


def _find_stops(batch: Batch, resolved: Sequence[Resolved], *, is_late: bool = False) -> dict[int, int]:
    """Return, by line, the SMS by which the reader wrote STOP to us after ordering."""
    ordered = [
        Ordered(
            id=each.number,
            user_id=each.user_id,
            type_id=each.kind.id,
            type_code=each.kind.code,
            charge_at=each.record.charge_at,
            number=each.origin.number,
            ordered_at=each.origin.received_at,
        )
        for each in resolved
    ]
    return find_reader_stops(batch.session, ordered, batch.context.now - LATELY if is_late else EVER)


def _find_stops_beside(batch: Batch, resolved: Sequence[Resolved]) -> dict[int, Said]:
    """Return, by line, the note of the renewal of the same type that the reader has stopped here since."""
    followed = [
        Followed(each.number, each.user_id, each.kind.id, each.parent["paid_at"]) for each in resolved
    ]
    return find_stops_beside(batch.session, followed)


def _decide(each: Resolved, stop: Said | None) -> Decided:
    if stop is None:
        return Decided(resolved=each, state=each.record.state, note=each.record.note)
    return Decided(resolved=each, state=RecurrentState.USER_STOP, note=str(stop))


def _claim(batch: Batch, resolved: Sequence[Resolved], decided: Mapping[int, Decided]) -> None:
    """Let each id, each payment followed, each chain that goes on and each payment charged by be one line's."""
    lines = [each.line for each in resolved]
    by_line = {each.number: each for each in resolved}
    batch.claim(
        lines,
        Key("external_id", lambda line: line.record.external_id),
        Key("parent", lambda line: by_line[line.number].parent["id"], PARENT),
        Key(
            "going",
            lambda line: chain_of(by_line[line.number]) if decided[line.number].is_active else None,
            "cid",
        ),
        Key("payment", lambda line: (by_line[line.number].payment or {}).get("id"), "payment_external_id"),
    )


def _settle_active(batch: Batch, here: Here, active: Mapping[int, Decided]) -> None:
    """Keep stopped what breaks a rule; heed a STOP that came while this was written."""
    broken = list_broken(batch.session, active, leave_out=(TWICE,))
    for row_id in find_twice(batch, here, {row_id: one.resolved for row_id, one in active.items()}, broken):
        broken.setdefault(row_id, []).append(TWICE)
    keep_stopped(batch.session, broken, batch.context.import_id)
    batch.stopped += len(broken)
    going = {row_id: one for row_id, one in active.items() if row_id not in broken}
    late = _find_stops(batch, [one.resolved for one in going.values()], is_late=True)
    stop_for_readers(
        batch,
        {row_id: late[one.resolved.number] for row_id, one in going.items() if one.resolved.number in late},
    )


def _settle_due(batch: Batch, active: Mapping[int, Decided]) -> None:
    """Take out again what is due, and that nobody has confirmed; what was stopped just now is not charged."""
    due = {row_id: one.resolved for row_id, one in active.items() if is_due(batch, one.resolved)}
    take_out(batch, settle_due(batch, {row_id: due[row_id] for row_id in list_active(batch, due)}))
