"""Let what is done now have been done then: the database's clock put back within the transaction of the demo."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime

from sqlalchemy import text
from sqlalchemy.orm import Session

# Local to the transaction: whatever becomes of it, the connection's clock is right again afterwards.
_PUT = text("SELECT set_config('crm.clock_offset', CAST(CAST(:moment AS timestamptz) - now() AS text), true)")
_RIGHT = text("SELECT set_config('crm.clock_offset', '', true)")


@contextmanager
def past(session: Session) -> Iterator[None]:
    """Within the block the clock may be put back, and nothing is told to the log; after it both are right."""
    disabled = logging.root.manager.disable
    logging.disable(logging.ERROR)
    try:
        yield
    finally:
        logging.disable(disabled)
        if session.is_active:
            session.execute(_RIGHT)


def put_back(session: Session, moment: datetime) -> None:
    """Let it be that moment, for all that asks the database."""
    session.execute(_PUT, {"moment": moment})
