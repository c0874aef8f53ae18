"""The demo's history of another system: a dry run that refuses a row, and the import that followed it."""

from datetime import timedelta
from io import BytesIO

from sqlalchemy import select
from sqlalchemy.orm import Session

from crm.core.clock import db_now
from crm.core.phone import to_international
from crm.importer.layouts import read_layout
from crm.importer.models import ImportFile, ImportRun
from crm.importer.running import Runner
from crm.importer.runs import ENDED, Wanted, begin, store
from crm.importer.uploads import examined_of, open_upload, store_upload
from crm.seed.past import past, put_back
from crm.seed.readers import number_of
from crm.users.audit_log import COMMAND_LINE, Actor, acting
from crm.users.queries import find_by_email

ENTITY = "inbound-messages"
NAME = "spravy-2024.csv"
ADMIN = "admin@example.com"
BEGUN = timedelta(days=2)
HEADER = "id,mobiletech_id,from,to,content,receive_date,serv_id,project_id,operator_type"
FIRST_ID = 90501  # far from the ids of the sample files, which import beside the demo
# of whom, what, when by the newsroom's clock, operator; the last one cannot be: its day and its operator are none
WRITTEN = (
    (0, "START", "2024-03-01 08:00:12", "O"),
    (1, "Štart prosím", "2024-03-02 18:20:41", "2"),
    (2, "INFO", "2024-03-05 07:14:03", "T"),
    (3, "Ako si predĺžim predplatné?", "2024-03-09 21:40:55", "O"),
    (4, "START", "2024-02-30 09:00:00", "X"),
)


def is_imported(session: Session) -> bool:
    """Return whether anything was ever imported."""
    return session.execute(select(ImportRun.id).limit(1)).scalar_one_or_none() is not None


def write_imports(session: Session) -> None:
    """Import the file, after a dry run, as its admin did two days ago."""
    now = session.execute(select(db_now())).scalar_one()
    admin = find_by_email(session, ADMIN)
    actor = Actor(name=admin.public_name, user_id=admin.id) if admin else Actor(name=COMMAND_LINE)
    with past(session), acting(actor):
        put_back(session, now - BEGUN)
        file = store_upload(session, entity=ENTITY, name=NAME, file=BytesIO(_content()))
        wanted = Wanted(entity=ENTITY, file_name=NAME, is_dry=True, file_id=file.id)
        dry = begin(session, wanted, examined_of(file), lambda: open_upload(session, file.id))
        _run(session, dry, file)
        put_back(session, now - BEGUN + timedelta(minutes=4))
        wanted = Wanted(entity=ENTITY, file_name=NAME, is_dry=False, file_id=file.id)
        _run(session, store(session, wanted, examined_of(file), read_layout(dry.layout)), file)


def _content() -> bytes:
    rows = (
        f"{number},demo-in-{number},{to_international(number_of(who))},8877,{text},{at},1703,76,{operator}"
        for number, (who, text, at, operator) in enumerate(WRITTEN, start=FIRST_ID)
    )
    return "\n".join([HEADER, *rows, ""]).encode()


def _run(session: Session, run: ImportRun, file: ImportFile) -> None:
    runner = Runner(run.id, lambda: open_upload(session, file.id))
    while runner.step(session).state not in ENDED:
        pass
