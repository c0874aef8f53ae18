"""What the test and its processes say to each other."""

from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any

from tests.crash.boundaries import Point


class Act(StrEnum):
    """What happens at the chosen point: to the process, or by the test while the process lives on."""

    KILL = "kill"
    CALL_AND_WAIT = "call and wait"  # the test does something to the servers, then the process goes on
    CALL = "call"  # the process does not wait for it


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What a new process is to be; without a log nobody watches it, without a point it is only watched."""

    role: str
    log: Path | None = None
    point: Point | None = None
    act: Act = Act.KILL
    hotline: str = ""  # socket of the test, for the acts that call it


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """One thing to do; each process knows its own verbs."""

    verb: str
    value: Any = None
