"""What must be true after every story, however it was disturbed."""

from collections import Counter
from collections.abc import Iterator, Sequence

from tests.crash.boundaries import Point, Side
from tests.crash.story import FIRST, SECOND, Diary, Stage


def judge(stage: Stage, diary: Diary, *, paid: bool, may_be_unknown: bool) -> list[str]:
    """Return what is wrong, in words; `may_be_unknown`: the sender died between claim and record."""
    faults = list(diary.faults)
    faults += [f"audit: {found.invariant.name} {found.rows}" for found in stage.servers.audit()]
    faults += _inbound(stage)
    faults += _answers(stage, diary, paid=paid, may_be_unknown=may_be_unknown)
    faults += _statuses(stage, diary)
    return faults


def sending_windows(points: Sequence[Point]) -> set[tuple[str, str, str, int, str]]:
    """Return the places between a commit that was followed by an HTTP call and the commit that followed it."""
    windows: set[tuple[str, str, str, int, str]] = set()
    commits = [n for n, point in enumerate(points) if point.kind == "commit" and point.thread == "main"]
    for n, point in enumerate(points):
        if point.kind.startswith("http"):
            start = max((c for c in commits if c < n and points[c].side is Side.AFTER), default=0)
            end = min((c for c in commits if c > n and points[c].side is Side.BEFORE), default=len(points))
            windows |= {between.place for between in points[start : end + 1]}
    return windows


def _inbound(stage: Stage) -> Iterator[str]:
    stored = stage.servers.sql("SELECT mobiletech_id FROM mobiletech_inbound_messages ORDER BY 1")
    if stored != [(FIRST,), (SECOND,)]:
        yield f"stored messages: {stored}"
    seen = stage.servers.sql(
        "SELECT event, entry_id, count(*) FROM crash_witness GROUP BY 1, 2 HAVING count(*) <> 1"
    )
    if seen:
        yield f"handled more than once: {seen}"
    handled = stage.servers.sql(
        "SELECT outbox.key, count(entry_id) FROM outbox LEFT JOIN crash_witness ON entry_id = outbox.id"
        " WHERE outbox.event IN ('mobiletech-inbound', 'mobiletech-outbound-status') GROUP BY 1"
        " HAVING count(entry_id) <> 1"
    )
    if handled:
        yield f"not handled: {handled}"
    decided = stage.servers.sql("SELECT outcome FROM mobiletech_decisions")
    if decided != [("unmatched",)] * 2:
        yield f"not one decision each: {decided}"


def _answers(stage: Stage, diary: Diary, *, paid: bool, may_be_unknown: bool) -> Iterator[str]:
    rows = stage.servers.sql("SELECT rcv_msg_id, state, mobiletech_id FROM mobiletech_outbound_messages")
    if sorted(row[0] for row in rows) != [FIRST, SECOND]:
        yield f"not one answer each: {rows}"
    taken = Counter(taken.send.rcv_msg_id for taken in stage.gateway.taken)
    ids = {taken.mobiletech_id for taken in stage.gateway.taken}
    for rcv_msg_id, state, mobiletech_id in rows:
        doubtful = rcv_msg_id in diary.in_doubt and may_be_unknown
        if paid and taken[rcv_msg_id] > 1:
            yield f"charged {taken[rcv_msg_id]} times: {rcv_msg_id}"
        if taken[rcv_msg_id] > 1 and not doubtful:
            yield f"sent {taken[rcv_msg_id]} times without doubt: {rcv_msg_id}"
        if state == "unknown" and paid and doubtful:
            continue
        if state != "accepted" or mobiletech_id not in ids:
            yield f"{rcv_msg_id} is {state} as {mobiletech_id}, the gateway has {taken[rcv_msg_id]}"


def _statuses(stage: Stage, diary: Diary) -> Iterator[str]:
    bound = dict(stage.servers.sql("SELECT mobiletech_id, billing FROM mobiletech_outbound_messages"))
    log = {
        (mobiletech_id, status): applied_at
        for mobiletech_id, status, applied_at in stage.servers.sql(
            "SELECT mobiletech_id, status, applied_at FROM mobiletech_status_log"
        )
    }
    for call, answer in diary.answered:
        if call.status is None:
            continue
        place = (call.mobiletech_id, call.status)
        if answer not in (200, 404) or place not in log:
            yield f"the report {place} was answered {answer} and is not kept"
        elif log[place] is None and (answer == 200 or call.mobiletech_id in bound):
            yield f"the report {place} was answered {answer} and is not applied"
    for mobiletech_id, billing in bound.items():
        if mobiletech_id is not None and billing != "billed":
            yield f"{mobiletech_id} was reported billed and is {billing}"
