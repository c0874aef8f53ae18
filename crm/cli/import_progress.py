"""How far an import is, in one line that is written over on a terminal, and now and then elsewhere."""

import shutil
import sys

import click

from crm.core.clock import monotonic
from crm.importer.models import ImportRun
from crm.importer.runs import State

EVERY_SECONDS = 0.5
ELSEWHERE_SECONDS = 10.0


class Progress:
    """Tells of an import on standard error; the rate is that of this process."""

    def __init__(self) -> None:
        self._is_terminal = sys.stderr.isatty()
        self._began, self._rows, self._state = monotonic(), 0, ""
        self._told = self._began
        self._is_open = False

    def show(self, run: ImportRun) -> None:
        """Tell, unless that was done a moment ago."""
        now = monotonic()
        if run.state != self._state:
            self._state, self._began, self._rows = run.state, now, run.rows_done
        if now - self._told < (EVERY_SECONDS if self._is_terminal else ELSEWHERE_SECONDS):
            return
        self._told = now
        line = self._line(run, now)
        if self._is_terminal:  # a line that is wider than the terminal could not be written over
            line = f"\r\x1b[K{line[: shutil.get_terminal_size().columns - 1]}"
        click.echo(line, err=True, nl=not self._is_terminal)
        self._is_open = self._is_terminal

    def end(self) -> None:
        """Leave the line."""
        if self._is_open:
            click.echo("\r\x1b[K", err=True, nl=False)

    def _line(self, run: ImportRun, now: float) -> str:
        rate = (run.rows_done - self._rows) / max(now - self._began, 0.001)
        if run.state == State.CHECKING or not run.rows_total:
            return f"checking: {run.rows_done:,} rows, {rate:,.0f} a second"
        share = 100 * run.rows_done // run.rows_total
        left = f", {_time((run.rows_total - run.rows_done) / rate)} left" if rate > 0 else ""
        return (
            f"{run.rows_done:,} of {run.rows_total:,} rows ({share} %), {rate:,.0f} a second{left},"
            f" {run.refused:,} refused"
        )


def _time(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest} s" if minutes else f"{rest} s"
