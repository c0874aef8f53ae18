"""How a process under test asks for a disaster, and waits for its end if it likes."""

import socket
import threading
from collections.abc import Callable
from pathlib import Path


class Hotline:
    """Each call is one disaster; the caller is hung up on when it is over."""

    def __init__(self, folder: Path) -> None:
        self.address = str(folder / "hotline.sock")
        self.disaster: Callable[[], None] = lambda: None
        self._listening = socket.socket(socket.AF_UNIX)
        self._listening.bind(self.address)
        self._listening.listen()
        threading.Thread(target=self._answer, daemon=True).start()

    def _answer(self) -> None:
        while True:
            try:
                caller, _ = self._listening.accept()
            except OSError:
                return  # hung up
            with caller:
                self.disaster()

    def stop(self) -> None:
        """Hang up."""
        self._listening.shutdown(socket.SHUT_RDWR)
        self._listening.close()
