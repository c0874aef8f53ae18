"""The gateway's side of the protocol as a process of its own, and a phone in the browser to go with it."""

from crm.simulator.app_state import gateway_of
from crm.simulator.factory import create_simulator
from crm.simulator.fates import Fate
from crm.simulator.server import run, serving
from crm.simulator.timing import Timing

__all__ = ["Fate", "Timing", "create_simulator", "gateway_of", "run", "serving"]
