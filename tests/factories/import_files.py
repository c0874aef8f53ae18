"""Files to be imported, good and bad, and a run of one from its bytes to its end."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from crm.core.db import transaction
from crm.importer.errors import SourceError
from crm.importer.models import ImportRun
from crm.importer.running import BATCH_ROWS, Runner
from crm.importer.runs import Wanted, begin
from crm.importer.sources.examining import examine
from crm.importer.sources.packed import LocalFile
from tests.factories.imports import counts_of, run_to_end
from tests.factories.moments import in_days

INBOUND = ("mobiletech_id", "from", "to", "content", "receive_date", "serv_id", "operator_type")
HEADER = ",".join(INBOUND)
# So that words are kept: the search looks back 90 days. A whole hour, for it stands in the names of tests.
LATELY = f"{in_days(-30)[:10]} 08:00:00"


def inbound_line(number: int, **changed: str) -> str:
    """Return a good row of a reader's message, but for what is changed."""
    values = {
        "mobiletech_id": f"old-{number}",
        "from": f"+4219083{number:05}",
        "to": "8877",
        "content": "START",
        "receive_date": LATELY,
        "serv_id": "1703",
        "operator_type": "O",
    } | changed
    return ",".join(values[name] for name in INBOUND)


def inbound_file(lines: Sequence[str]) -> bytes:
    """Return a file with a header and the lines."""
    return "\n".join([HEADER, *lines, ""]).encode()


def run_file(
    path: Path,
    entity: str = "inbound-messages",
    *,
    is_dry: bool = False,
    mapping: Mapping[str, str] | None = None,
    batch_rows: int = BATCH_ROWS,
) -> ImportRun:
    """Import a file, or try to, as far as it goes. Raises: SourceError before anything was begun."""
    file = LocalFile(path)
    with file.open() as stream:
        examined = examine(stream)
    wanted = Wanted(entity=entity, file_name=path.name, is_dry=is_dry, mapping=mapping or {})
    with transaction() as session:
        run_id = begin(session, wanted, examined, file.open).id
    return run_to_end(Runner(run_id, file.open, batch_rows=batch_rows))


def refusal_of(path: Path, entity: str = "inbound-messages") -> str:
    """Return why nothing of a file was imported."""
    try:
        run = run_file(path, entity)
    except SourceError as error:
        return str(error)
    assert run.state == "refused", run.state
    assert counts_of(run) == (0, 0, 0, 0)
    return run.error or ""
