"""What is here already of the renewals in a batch: the same ones, their chains, and what else their readers have.

What this very import brought is left out, for a dry run does not see it either; the file's own lines are held
against each other by claims.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import select, text, update
from sqlalchemy.orm import Session

from crm.core.copying import among, array_text
from crm.core.errors import N_
from crm.importer.batches import Batch
from crm.importer.models import ImportStop
from crm.importer.renewals.records import names_parent
from crm.importer.renewals.references import PARENT, Resolved
from crm.payments.models import RecurrentPayment
from crm.payments.statuses import OPEN, STOPS_BY_PERSON
from crm.subscriptions.lifecycle import lock_readers

Row = Mapping[str, Any]
R = RecurrentPayment.__table__.c
HAS_RENEWAL = "has_renewal"

# Each value is looked up by its index (OFFSET 0 keeps the planner from turning that around): of a table that is just
# being filled it does not know the size.
_FIND = text("""
    SELECT found.id FROM unnest(CAST(CAST(:external_ids AS text) AS text[])) AS wanted (value), LATERAL (
        SELECT id, import_id FROM recurrent_payments WHERE external_id = wanted.value OFFSET 0) AS found
    WHERE import_id IS DISTINCT FROM :import_id
    UNION
    SELECT found.id FROM unnest(CAST(CAST(:cids AS text) AS text[])) AS wanted (value), LATERAL (
        SELECT id, import_id FROM recurrent_payments WHERE cid = wanted.value OFFSET 0) AS found
    WHERE import_id IS DISTINCT FROM :import_id
    UNION
    SELECT found.id FROM unnest(CAST(CAST(:parents AS text) AS bigint[])) AS wanted (value), LATERAL (
        SELECT id, import_id FROM recurrent_payments WHERE parent_payment_id = wanted.value OFFSET 0) AS found
    WHERE import_id IS DISTINCT FROM :import_id
    UNION
    SELECT found.id FROM unnest(CAST(CAST(:payments AS text) AS bigint[])) AS wanted (value), LATERAL (
        SELECT id, import_id FROM recurrent_payments WHERE payment_id = wanted.value OFFSET 0) AS found
    WHERE import_id IS DISTINCT FROM :import_id
""")
_TAKE = text("""
    SELECT row.* FROM unnest(CAST(CAST(:ids AS text) AS bigint[])) AS wanted (id), LATERAL (
        SELECT * FROM recurrent_payments WHERE recurrent_payments.id = wanted.id FOR UPDATE) AS row
""")
_GOING = text("""
    SELECT going.user_id, going.subscription_type_id, going.id
    FROM unnest(CAST(CAST(:users AS text) AS bigint[])) AS wanted (id), LATERAL (
        SELECT * FROM recurrent_payments WHERE user_id = wanted.id AND state IN ('active', 'pending') OFFSET 0
    ) AS going
    WHERE going.import_id IS DISTINCT FROM :import_id
""")


class Here:
    """The rows that matter to some lines."""

    def __init__(self, batch: Batch, resolved: Sequence[Resolved]) -> None:
        # A payment that is confirmed meanwhile plans its renewal beside what it sees: it waits for these rows.
        lock_readers(batch.session, {each.user_id for each in resolved})
        self._rows = _read_rows(batch, resolved)
        self._by_external_id = {row["external_id"]: row for row in self._rows if row["external_id"]}
        self._by_parent = {row["parent_payment_id"]: row for row in self._rows if row["attempt"] == 0}
        self._by_payment = {row["payment_id"]: row for row in self._rows if row["payment_id"]}
        self._chains: defaultdict[tuple[int, str], list[Row]] = defaultdict(list)
        for row in self._rows:
            self._chains[row["user_id"], row["cid"]].append(row)
        self._kept = _read_kept(batch.session, [row["id"] for row in self._rows])
        self._beside = _read_open(batch, {each.user_id for each in resolved})
        self._closed: set[Any] = set()
        # Earlier lines of the file speak of these rows and may have moved them, though in a dry run they did not.
        self._spoken_of = batch.list_claimed("row", [row["id"] for row in self._rows])

    def find_known(self, batch: Batch, resolved: Sequence[Resolved]) -> dict[int, Row]:
        """Return, by line, the rows that were imported before; a line with another's id is refused.

        Without an id of the old system a row is known by its chain, and by its date, or the payment that it follows.
        What is known by none of them is the one row that still waits, for its date has moved: the earliest such line
        is, for those after it are what follows. A row that is over is not: what goes on after it is new.
        """
        found = {each.number: row for each in resolved if (row := self._find_named(batch, each)) is not None}
        settled = found.keys() | batch.outcomes.keys()
        rest = [each for each in resolved if each.number not in settled]
        dates = {found[each.number]["id"]: each.record.charge_at for each in resolved if each.number in found}
        for each in sorted(rest, key=lambda each: each.record.charge_at):
            row = None if names_parent(each.record) else self._find_waiting(each)
            if row and dates.setdefault(row["id"], each.record.charge_at) == each.record.charge_at:
                found[each.number] = row
        return found

    def _find_waiting(self, each: Resolved) -> Row | None:
        """Return the one row of a chain that still waits; of one that goes on as ours, the one imported."""
        is_ours = any(row["import_id"] is None for row in self._chains[_chain_of(each)])
        rows = [row for row in self._list_free(each) if is_ours or self.is_planned(row) or self.is_kept(row)]
        return rows[0] if len(rows) == 1 else None

    def _find_named(self, batch: Batch, each: Resolved) -> Row | None:
        """Return the row of the id, the date or the payment that a line names."""
        own = self._by_external_id.get(each.record.external_id)
        if own is not None and (own["user_id"], own["cid"]) != _chain_of(each):
            told = N_("The renewal %(id)s has this id of the old system already.")
            batch.refuse(each.number, "external_id", "taken", told, value=own["external_id"], id=own["id"])
        if own is not None:
            return own
        of_date = (row for row in self._list_free(each) if row["charge_at"] == each.record.charge_at)
        of_parent = (
            row
            for row in self._list_unnamed(each)
            if (row["parent_payment_id"], row["attempt"]) == (each.parent["id"], 0)
        )
        return next(of_date, None) or next(of_parent, None)

    def _list_unnamed(self, each: Resolved) -> list[Row]:
        """Return the imported rows of a line's chain that no id tells from it."""
        return [
            row
            for row in self._chains[_chain_of(each)]
            if row["import_id"] is not None
            and (row["external_id"] is None or each.record.external_id is None)
        ]

    def _list_free(self, each: Resolved) -> list[Row]:
        return [row for row in self._list_unnamed(each) if row["id"] not in self._spoken_of]

    def is_kept(self, row: Row) -> bool:
        """Return whether an import keeps a row stopped, and nobody has touched it since."""
        return row["id"] in self._kept and row["state"] == "system_stop" and _is_as_it_came(row)

    def is_planned(self, row: Row) -> bool:
        """Return whether a row waits for its date just as it came: no charge, no person and no page has moved it."""
        return bool(
            row["import_id"] is not None
            and row["state"] == "active"
            and row["attempt"] == 0
            and row["gateway_fails"] == 0
            and not row["status"]
            and not row["paused_at"]
            and _is_as_it_came(row)
        )

    def note_closed(self, batch: Batch, closed: Sequence[tuple[Resolved, Row]]) -> None:
        """Remember that rows which were planned here are over by the file: what follows them may come in."""
        self._closed |= {row["id"] for _, row in closed}
        batch.note_all("closed", [(each.line, row["id"]) for each, row in closed])

    def read_closed(self, batch: Batch, resolved: Sequence[Resolved]) -> None:
        """Learn which of the rows that matter earlier lines have closed."""
        ids = {
            row["id"] for each in resolved for row in self._chains[_chain_of(each)] if row["state"] in OPEN
        }
        beside = {id_ for each in resolved for id_ in self._beside[each.user_id, each.kind.id]}
        self._closed |= batch.list_claimed("closed", ids | beside)
        if batch.context.is_dry and self._closed:  # the batches that closed them were taken back
            gone = update(RecurrentPayment).where(R.id.in_(self._closed), R.state.in_(OPEN))
            batch.session.execute(
                gone.values(state="system_stop"), execution_options={"synchronize_session": False}
            )

    def refuse_second(self, batch: Batch, each: Resolved) -> None:
        """Refuse a line that would stand beside a chain which goes on here, or which a person has stopped here."""
        chain = [row for row in self._chains[_chain_of(each)] if row["id"] not in self._closed]
        going = next((row for row in chain if row["state"] in OPEN), None)
        stopped = next((row for row in chain if row["state"] in STOPS_BY_PERSON), None)
        ours = next((row for row in chain if row["import_id"] is None), None)
        if going or ours:
            told = N_("What this cid renews goes on here already, as renewal %(id)s: nothing is added to it.")
            _refuse(batch, each, "cid", told, going or ours)
        elif stopped:
            told = N_("Renewal %(id)s of this cid was stopped here: let it go on there, if that is wanted.")
            _refuse(batch, each, "cid", told, stopped)
        told = N_("Renewal %(id)s follows this payment already.")
        _refuse(batch, each, PARENT, told, self._by_parent.get(each.parent["id"]))
        if each.payment is not None:
            self.refuse_payment(batch, each)

    def refuse_payment(self, batch: Batch, each: Resolved, known: Row | None = None) -> None:
        """Refuse a charged line whose payment has charged another renewal."""
        other = self._by_payment.get(each.payment["id"]) if each.payment else None
        if other is not None and (known is None or other["id"] != known["id"]):
            _refuse(batch, each, "payment_external_id", N_("This payment has charged renewal %(id)s."), other)

    def renews(self, user_id: int, type_id: int, *, besides: int | None = None) -> bool:
        """Return whether the reader has a renewal of that type here that goes on."""
        return bool(self._beside[user_id, type_id] - self._closed - {besides})


def _chain_of(each: Resolved) -> tuple[int, str]:
    return each.user_id, each.record.cid


def _is_as_it_came(row: Row) -> bool:
    """An import writes both alike, and telling the reader of the charge to come moves neither."""
    return bool(row["updated_at"] == row["created_at"])


def _refuse(batch: Batch, each: Resolved, column: str, told: str, row: Row | None) -> None:
    if row is not None:
        value = each.record.cid if column == "cid" else getattr(each.record, column) or ""
        batch.refuse(each.number, column, HAS_RENEWAL, told, value=value, id=row["id"])


def _read_rows(batch: Batch, resolved: Sequence[Resolved]) -> list[Row]:
    """Lock and return the rows, in the order in which everybody locks them."""
    values = {
        "external_ids": array_text(each.record.external_id for each in resolved if each.record.external_id),
        "cids": array_text({each.record.cid for each in resolved}),
        "parents": array_text({each.parent["id"] for each in resolved}),
        "payments": array_text(each.payment["id"] for each in resolved if each.payment),
        "import_id": batch.context.import_id,
    }
    ids = batch.session.execute(_FIND, values).scalars()
    return [dict(row) for row in batch.session.execute(_TAKE, {"ids": array_text(sorted(ids))}).mappings()]


def _read_kept(session: Session, ids: Sequence[int]) -> frozenset[int]:
    if not ids:
        return frozenset()
    found = select(ImportStop.recurrent_payment_id).where(among(ImportStop.recurrent_payment_id, ids))
    return frozenset(session.execute(found).scalars())


def _read_open(batch: Batch, user_ids: set[int]) -> defaultdict[tuple[int, int], set[int]]:
    """Return the renewals that go on, by reader and type."""
    values = {"users": array_text(user_ids), "import_id": batch.context.import_id}
    found = batch.session.execute(_GOING, values)
    beside: defaultdict[tuple[int, int], set[int]] = defaultdict(set)
    for user_id, type_id, row_id in found:
        beside[user_id, type_id].add(row_id)
    return beside
