"""Files of readers' messages, uploaded and imported as the pages do it."""

from collections.abc import Iterator
from io import BytesIO
from itertools import count

from crm.core.db import transaction
from crm.importer.models import ImportRun
from crm.importer.runs import get_run
from crm.importer.uploads import get_upload, look_into, store_upload
from crm.importer.working import begin_dry_run, begin_real_run
from tests.factories.import_files import LATELY
from tests.outbox import run_all

HEADER = "mobiletech_id,from,to,content,receive_date,serv_id,project_id,operator_type"
ENTITY = "inbound-messages"
EVA = f'in-%s,+421908300101,8877,"Start, prosím",{LATELY},1703,76,O'
BAD = "in-%s,+421908300101,8877,STOP,1. septembra,1703,76,X"

_ids = count(1)


def rows_of(*, good: int, bad: int = 0) -> str:
    """Return a file with so many rows, the bad ones (a date and an operator that nobody knows) last."""
    return "\n".join([HEADER, *_rows(EVA, good), *_rows(BAD, bad), ""])


def upload(text: str | bytes, *, name: str = "inbound.csv", entity: str = ENTITY) -> int:
    """Keep a file, and return its id."""
    content = text if isinstance(text, bytes) else text.encode()
    with transaction() as session:
        return store_upload(session, entity=entity, name=name, file=BytesIO(content)).id


def begin_dry(text: str | bytes) -> int:
    """Upload a file, begin its dry run and return its id."""
    file_id = upload(text)
    with transaction() as session:
        file = get_upload(session, file_id)
        return begin_dry_run(session, file, look_into(session, file).columns).id


def dry_run(text: str | bytes) -> int:
    """Upload a file, run it dry to the end, and return the run's id."""
    run_id = begin_dry(text)
    run_all()
    return run_id


def begin_real(text: str | bytes) -> int:
    """Upload a file, run it dry, begin it for real, and return the run's id."""
    dry_id = dry_run(text)
    with transaction() as session:
        return begin_real_run(session, dry_id, confirm_due=False).id


def import_upload(text: str | bytes) -> int:
    """Upload a file, run it dry and for real, and return the run's id."""
    run_id = begin_real(text)
    run_all()
    return run_id


def find_run(run_id: int) -> ImportRun:
    """Return a run as it stands."""
    with transaction() as session:
        run = get_run(session, run_id)
        session.expunge(run)
        return run


def _rows(shape: str, number: int) -> Iterator[str]:
    return (shape % next(_ids) for _ in range(number))
