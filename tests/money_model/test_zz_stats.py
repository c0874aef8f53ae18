import os
from collections import Counter
from hypothesis.stateful import run_state_machine_as_test
from hypothesis import settings, Phase, seed
from tests.money_model.test_money_model import stage, MoneyMachine, COMMON
from tests.money_model import promises

C = Counter()


def test_stats(stage):
    orig = MoneyMachine.teardown
    from crm.core.db import transaction

    def td(self):
        if hasattr(self, "witness"):
            with transaction() as s:
                t = promises.Tables(s)
                for p in t.payments:
                    C["pay", p.status, p.failure, p.recurrent_charge] += 1
                for r in t.rows:
                    C["row", r.state, r.failure] += 1
                C["depth", max([0] + [len(v) for v in t.chains.values()])] += 1
                for m in [m for v in t.messages.values() for m in v]:
                    C["msg", m.state, m.status, m.resent_as is not None] += 1
                C["seen_failed_then_paid", len(self.witness.seen_failed & self.witness.seen_paid)] += 1
        orig(self)

    MoneyMachine.teardown = td
    MoneyMachine.stage = stage
    ph = [Phase.generate] + ([Phase.shrink] if os.environ.get("SHRINK") else [])
    if os.environ.get("SEED"):
        MoneyMachine._hypothesis_internal_use_seed = int(os.environ["SEED"])
    try:
        run_state_machine_as_test(
            MoneyMachine,
            settings=settings(
                COMMON,
                max_examples=int(os.environ.get("N", "40")),
                derandomize=not os.environ.get("SEED"),
                database=None,
                phases=ph,
                report_multiple_bugs=False,
            ),
        )
    finally:
        for k, v in sorted(C.items(), key=str):
            print(k, v)
