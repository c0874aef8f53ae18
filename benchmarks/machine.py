"""What the figures were measured on."""

import os
import platform
import subprocess
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

from crm.core.config import ROOT


def describe_machine(postgres: str) -> list[tuple[str, str]]:
    """Return what matters for the figures, as names and values."""
    return [
        ("date", datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC")),
        ("commit", _commit()),
        (
            "processor",
            f"{_from_proc('cpuinfo', 'model name') or platform.processor()}, {os.cpu_count()} cores",
        ),
        ("memory", _memory()),
        ("system", f"{platform.system()} {platform.release()}"),
        ("load before the run", " ".join(f"{load:.2f}" for load in os.getloadavg())),
        ("PostgreSQL", postgres),
        ("Python", platform.python_version()),
        (
            "packages",
            ", ".join(f"{name} {version(name)}" for name in ("gunicorn", "sqlalchemy", "psycopg", "rq")),
        ),
    ]


def _from_proc(file: str, key: str) -> str:
    """Return a value of /proc, "" on a system that has none."""
    path = Path("/proc") / file
    lines = path.read_text().splitlines() if path.exists() else []
    return next((line.partition(":")[2].strip() for line in lines if line.startswith(key)), "")


def _memory() -> str:
    kilobytes = _from_proc("meminfo", "MemTotal").partition(" ")[0]
    return f"{int(kilobytes) / 1024 / 1024:.0f} GiB" if kilobytes else "unknown"


def _commit() -> str:
    command = ["git", "describe", "--always", "--dirty", "--abbrev=10"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    return done.stdout.strip() or "unknown"
