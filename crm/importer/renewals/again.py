"""Renewals that were imported before: changed only while they wait as they came, and let go on once they are mended."""

from collections.abc import Mapping, Sequence
from typing import Any

from crm.core.errors import N_
from crm.importer.batches import Batch, Outcome
from crm.importer.claims import Key
from crm.importer.columns import Line
from crm.importer.integrity.stopping import find_stop_notes, keep_stopped, let_go, list_broken, take_kept
from crm.importer.renewals.due import settle_due
from crm.importer.renewals.fresh import TWICE, chain_of, find_twice
from crm.importer.renewals.here import Here, Row
from crm.importer.renewals.later import refuse_later
from crm.importer.renewals.records import RenewalRecord, is_open, names_parent
from crm.importer.renewals.references import PARENT, Resolved, refuse_unpaid
from crm.importer.renewals.writing import CHANGEABLE, change, close, default_retries, find_changes
from crm.payments.statuses import RecurrentState


def load_again(batch: Batch, here: Here, resolved: Sequence[Resolved], known: Mapping[int, Row]) -> None:
    """Decide and write the lines whose rows are here: `known`, by line."""
    waiting = [each for each in resolved if _may_change(here, known[each.number])]
    for each in waiting:
        refuse_unpaid(batch, each)
        _refuse_other(batch, here, each, known[each.number])
    refuse_later(batch, [each for each in waiting if each.number not in batch.outcomes])
    _claim(batch, here, resolved, known)
    planned: dict[int, Resolved] = {}
    kept: dict[int, Resolved] = {}
    closed: list[tuple[Resolved, Row]] = []
    for each in resolved:
        row = known[each.number]
        if each.number in batch.outcomes:
            continue
        if not _may_change(here, row):
            batch.settle(each.number, Outcome.UNCHANGED)
        elif not is_open(each.record):
            closed.append((each, row))
            batch.settle_here(each.number, ["state"])
        else:
            (kept if here.is_kept(row) else planned)[row["id"]] = each
    close(batch, closed)
    here.note_closed(batch, closed)
    _change_planned(batch, here, planned, known)
    _let_kept_go(batch, here, kept, known)


def _may_change(here: Here, row: Row) -> bool:
    return here.is_planned(row) or here.is_kept(row)


def _refuse_other(batch: Batch, here: Here, each: Resolved, row: Row) -> None:
    """A renewal of another payment or type is another renewal."""
    if names_parent(each.record) and each.parent["id"] != row["parent_payment_id"]:
        told = N_("Renewal %(id)s, which has this id, follows another payment here.")
        batch.refuse(
            each.number,
            PARENT,
            "parent_differs",
            told,
            value=each.record.parent_payment_external_id or "",
            id=row["id"],
        )
    if each.kind.id != row["subscription_type_id"]:
        told = N_(
            "Renewal %(id)s, which has this id, is of another type here; next_subscription_type changes it."
        )
        batch.refuse(
            each.number, "subscription_type", "type_differs", told, value=each.kind.code, id=row["id"]
        )
    here.refuse_payment(batch, each, row)


def _claim(batch: Batch, here: Here, resolved: Sequence[Resolved], known: Mapping[int, Row]) -> None:
    """Let each row be changed by one line; what may go on again holds its chain as a new line does."""
    lines = [each.line for each in resolved]
    by_line = {each.number: each for each in resolved}

    def chain_going(line: Line[RenewalRecord]) -> object | None:
        is_going = is_open(line.record) and here.is_kept(known[line.number])
        return chain_of(by_line[line.number]) if is_going else None

    batch.claim(
        lines,
        Key("external_id", lambda line: line.record.external_id),
        Key("row", lambda line: known[line.number]["id"], "cid"),
        Key("going", chain_going, "cid"),
        Key("payment", lambda line: (by_line[line.number].payment or {}).get("id"), "payment_external_id"),
    )


def _change_planned(
    batch: Batch, here: Here, planned: Mapping[int, Resolved], known: Mapping[int, Row]
) -> None:
    """Write what the file says otherwise; what breaks a rule by it is kept stopped from now on."""
    changed = _change(batch, planned, known)
    lines = {row_id: planned[row_id] for row_id in changed}
    broken = list_broken(batch.session, changed, leave_out=(TWICE,))
    keep_stopped(batch.session, broken, batch.context.import_id)
    batch.stopped += len(broken)
    here.note_closed(batch, [(lines[row_id], known[lines[row_id].number]) for row_id in broken])
    moved = {
        row_id: each
        for row_id, each in lines.items()
        if row_id not in broken and "charge_at" in changed[row_id]
    }
    _undo(batch, [(known[moved[row_id].number], changed[row_id]) for row_id in settle_due(batch, moved)])
    for row_id, each in planned.items():
        if each.number not in batch.outcomes:
            batch.settle_here(each.number, CHANGEABLE.keys() & changed.get(row_id, {}))


def _let_kept_go(batch: Batch, here: Here, kept: Mapping[int, Resolved], known: Mapping[int, Row]) -> None:
    """Let renewals go on that an import keeps stopped and that break no rule any more; the others stay as they are."""
    if not kept:
        return
    changed = _change(batch, kept, known)
    rows = take_kept(batch.session, kept)
    stops = find_stop_notes(batch.session, rows)
    broken = list_broken(batch.session, [row.id for row in rows], leave_out=(TWICE,))
    lines = {row.id: kept[row.id] for row in rows if row.id not in stops}
    for row_id in find_twice(batch, here, lines, broken):
        broken.setdefault(row_id, []).append(TWICE)
    for row_id, note in stops.items():
        let_go(batch.session, [row_id], RecurrentState.USER_STOP, str(note))
        batch.settle_here(kept[row_id].number, ["state"])
    whole = [row_id for row_id in lines if row_id not in broken]
    refused = settle_due(batch, {row_id: kept[row_id] for row_id in whole})
    _undo(batch, [(known[kept[row_id].number], changed.get(row_id, {})) for row_id in refused])
    going = [row_id for row_id in whole if row_id not in refused]
    let_go(batch.session, going)
    for row_id in going:
        batch.settle_here(kept[row_id].number, ["state"])
    for row_id, each in kept.items():
        if each.number not in batch.outcomes:
            batch.settle_here(each.number, CHANGEABLE.keys() & changed.get(row_id, {}))


def _change(
    batch: Batch, lines: Mapping[int, Resolved], known: Mapping[int, Row]
) -> dict[int, Mapping[str, Any]]:
    """Write what the file says otherwise of renewals, by id, and return what that was."""
    most_retries = default_retries(batch)
    changed: dict[int, Mapping[str, Any]] = {}
    for row_id, each in lines.items():
        changes = find_changes(batch, each, known[each.number], most_retries)
        if changes:
            changed[row_id] = changes
    change(batch, [(known[lines[row_id].number], changes) for row_id, changes in changed.items()])
    return changed


def _undo(batch: Batch, changes: Sequence[tuple[Row, Mapping[str, Any]]]) -> None:
    """Write back what rows had."""
    change(batch, [(row, {name: row[name] for name in changed}) for row, changed in changes if changed])
