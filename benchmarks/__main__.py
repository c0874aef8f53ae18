"""`python -m benchmarks [--only a,b] [--quick] [--big] [--rows N]`: measure, print the table, write RESULTS.md."""

import argparse
import signal
import sys
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from types import MappingProxyType
from typing import NoReturn

from benchmarks import (
    answer_rate,
    import_rate,
    message_list,
    renewal_rate,
    send_latency,
    staff_pages,
    webhook_rate,
)
from benchmarks.figures import Figure, as_markdown, as_text
from benchmarks.machine import describe_machine
from benchmarks.plan import BIG_ROWS, QUICK, Plan
from benchmarks.stage import server_version
from crm.core.errors import CrmError

RESULTS = Path(__file__).parent / "RESULTS.md"
PARTS: MappingProxyType[str, Callable[[Plan], list[Figure]]] = MappingProxyType(
    {
        "a": webhook_rate.measure,
        "b": answer_rate.measure,
        "c": send_latency.measure,
        "d": message_list.measure,
        "e": staff_pages.measure,
        "f": renewal_rate.measure,
        "g": import_rate.measure,
    }
)


def main(arguments: list[str]) -> int:
    """Run the parts that are asked for; return the exit status: 1 if a target is missed or a part fails."""
    options = _parse(arguments)
    plan = _plan(options)
    signal.signal(signal.SIGTERM, _stop)
    try:
        machine = describe_machine(server_version())
    except CrmError as error:
        print(error, file=sys.stderr)
        return 1
    figures, has_failed = _measure(options.only, plan)
    print(f"\n{as_text(figures)}")
    if options.only == list(PARTS) and not options.quick and not has_failed:
        RESULTS.write_text(_page(machine, figures))
        print(f"\nWritten to {RESULTS}.")
    return 0 if not has_failed and all(figure.is_met for figure in figures) else 1


def _measure(parts: Sequence[str], plan: Plan) -> tuple[list[Figure], bool]:
    """Run the parts; one that fails says so and leaves the others alone. Return whether any failed."""
    figures, has_failed = [], False
    for part in parts:
        print(sys.modules[PARTS[part].__module__].__doc__, flush=True)
        try:
            figures += PARTS[part](plan)
        except CrmError as error:
            print(f"  ({part}) failed: {error}", file=sys.stderr, flush=True)
            has_failed = True
    return figures, has_failed


def _parse(arguments: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument(
        "--only", type=_parts, default=list(PARTS), help="such as a,c; RESULTS.md is left alone"
    )
    parser.add_argument("--quick", action="store_true", help="short and rough; RESULTS.md is left alone")
    parser.add_argument("--big", action="store_true", help=f"the message list with {BIG_ROWS:,} rows as well")
    parser.add_argument("--rows", type=int, help="the message list with so many rows only")
    return parser.parse_args(arguments)


def _parts(text: str) -> list[str]:
    parts = sorted(set(text.split(",")))
    if unknown := [part for part in parts if part not in PARTS]:
        raise argparse.ArgumentTypeError(f"{', '.join(unknown)}: there are only {', '.join(PARTS)}")
    return parts


def _plan(options: argparse.Namespace) -> Plan:
    plan = QUICK if options.quick else Plan()
    rows = (options.rows,) if options.rows else plan.rows + ((BIG_ROWS,) if options.big else ())
    return replace(plan, rows=rows)


def _page(machine: list[tuple[str, str]], figures: list[Figure]) -> str:
    lines = "\n".join(f"- {name}: {value}" for name, value in machine)
    return f"# Benchmarks\n\nWritten by `make benchmark`.\n\n{lines}\n\n{as_markdown(figures)}"


def _stop(_signal: int, _frame: object) -> NoReturn:
    raise KeyboardInterrupt


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except KeyboardInterrupt:
        sys.exit("\nStopped; nothing is left running.")
