"""What a simulator's Flask app carries: its gateway, and the event that ends every wait."""

from dataclasses import dataclass, field
from threading import Event

from flask import Flask, current_app

from crm.simulator.gateway import Gateway

_KEY = "simulator"


@dataclass(frozen=True, kw_only=True, slots=True)
class AppState:
    """One for each app; `stopping` is set when it is no longer served."""

    gateway: Gateway
    stopping: Event = field(default_factory=Event)


def install(app: Flask, gateway: Gateway) -> None:
    """Let an app carry a gateway."""
    app.extensions[_KEY] = AppState(gateway=gateway)


def state_of(app: Flask) -> AppState:
    """Return what an app carries."""
    state: AppState = app.extensions[_KEY]
    return state


def gateway_of(app: Flask) -> Gateway:
    """Return the gateway behind a simulator."""
    return state_of(app).gateway


def current_gateway() -> Gateway:
    """Return the gateway behind the present request."""
    return gateway_of(current_app)
