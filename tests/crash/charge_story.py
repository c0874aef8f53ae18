"""The money's story, told while the worker dies: two readers' month is over, both are charged, the gateway reports."""

from collections import Counter
from collections.abc import Iterator
from datetime import timedelta

from tests.crash.gateway import Taken
from tests.crash.orders import Plan
from tests.crash.story import Diary, Stage, Story

READERS = ("0908000001", "0908000002")
DUE = timedelta(days=30, minutes=1)
REPORTS = {"+421908000001": ("A0", "D1", "A0"), "+421908000002": ("D1",)}


class ChargeStory(Story):
    """As the other story, after both have been charged for their first month."""

    def _begin(self) -> None:
        seller = self.stage.warm.fork(Plan(role="worker"))
        seller.do("sell", list(READERS))
        seller.hang_up()
        self.stage.servers.wait_for_the_dead("worker")
        self._reported = {taken.mobiletech_id for taken in self.stage.gateway.taken}
        self._offset = DUE
        self.stage.servers.set_clock(DUE)

    def _play(self) -> None:
        self._charge()
        self._report()
        self._order("web", "rest")
        self._charge()

    def _recover(self) -> None:
        self._charge()
        super()._recover()

    def _charge(self) -> None:
        """Run `crm payments charge`, and let the worker work; after a death another one does."""
        self._order("worker", "charge")
        self._order("worker", "work")

    def _reports_of(self, taken: Taken) -> tuple[str, ...]:
        return REPORTS[taken.send.to]

    def _picture(self) -> list[object]:
        queries = (
            "SELECT id, state, payment_id, charge_at FROM recurrent_payments ORDER BY id",
            "SELECT id, status, subscription_id FROM payments ORDER BY id",
        )
        return [*super()._picture(), *map(self.stage.servers.sql, queries)]


def judge(stage: Stage, diary: Diary) -> list[str]:
    """Return what is wrong, in words; a charge that was on its way when its sender died may be unknown."""
    faults = list(diary.faults)
    faults += [f"audit: {found.invariant.name} {found.rows}" for found in stage.servers.audit()]
    faults += _charges(stage)
    faults += _renewals(stage, diary)
    return faults


def _charges(stage: Stage) -> Iterator[str]:
    renewals = Counter(taken.send.to for taken in stage.gateway.taken if taken.send.rcv_msg_id is None)
    for number, count in renewals.items():
        if count > 1:
            yield f"{number} was charged {count} times"


def _renewals(stage: Stage, diary: Diary) -> Iterator[str]:
    rows = stage.servers.sql(
        """SELECT message."to", message.state, message.billing, row.state, payment.status, payment.subscription_id,
                  (SELECT count(*) FROM recurrent_payments AS next
                   WHERE next.payment_method_id = row.payment_method_id AND next.state = 'active')
           FROM recurrent_payments AS row JOIN payments AS payment ON payment.id = row.payment_id
           JOIN mobiletech_outbound_messages AS message ON message.payment_id = payment.id"""
    )
    if sorted(row[0] for row in rows) != sorted(REPORTS):
        yield f"not one charge each: {rows}"
    for number, *found, following in rows:
        state, billing, renewal, status, subscription = found
        if state == "unknown" and number in diary.in_doubt:
            if (billing, renewal, status, following) != ("none", "pending", "form", 0):
                yield f"{number} is in doubt, and {found}, {following} planned"
        elif (state, billing, renewal, status) != ("accepted", "billed", "charged", "paid"):
            yield f"{number}: {found}"
        elif subscription is None or following != 1:
            yield f"{number}: subscription {subscription}, {following} planned"
