"""A line has all that no two lines may have, or nothing: whatever the batches, and however a run is interrupted."""

import pytest
from flask import Flask
from sqlalchemy import text

from crm.core.db import transaction
from tests.factories.imports import counts_of, import_text

pytestmark = pytest.mark.usefixtures("app")

PEOPLE = "external_id,public_name,email\n1,A,a@example.sk\n2,B,b@example.sk\n3,C,c@example.sk\n"
# The third line is late for one value, and wants a second one, which the fourth line may have.
PHONES = "phone_number,user_external_id\n0908000001,1\n0908000003,3\n0908000002,1\n0908000002,2\n"
USERS = (
    "external_id,public_name,email\n1,A,a@example.sk\n9,I,z@example.sk\n2,B,a@example.sk\n2,B,b@example.sk\n"
)
SENT = "+421908000001,8877,AHOJ,2025-09-01,1703,O"
MESSAGES = (
    "mobiletech_id,external_id,from,to,content,receive_date,serv_id,operator_type\n"
    f"m1,1,{SENT}\nm9,9,{SENT}\nm2,1,{SENT}\nm2,2,{SENT}\n"
)
FILES = {"phone-numbers": PHONES, "users": USERS, "inbound-messages": MESSAGES}


@pytest.mark.parametrize("entity", FILES)
@pytest.mark.parametrize("batch_rows", [1, 2, 3, 5000])
def test_a_line_that_is_late_holds_nothing_back(entity: str, batch_rows: int) -> None:
    if entity == "phone-numbers":
        import_text("users", PEOPLE)

    dry = import_text(entity, FILES[entity], dry=True, batch_rows=batch_rows)
    real = import_text(entity, FILES[entity], batch_rows=batch_rows)
    again = import_text(entity, FILES[entity], batch_rows=batch_rows)

    assert counts_of(dry) == counts_of(real) == (3, 0, 0, 1)
    assert counts_of(again) == (0, 0, 3, 1)


@pytest.mark.parametrize("batch_rows", [1, 2, 5000])
def test_the_same_row_again_is_unchanged_whatever_stands_between(batch_rows: int) -> None:
    first, other = f"m1,1,{SENT}\n", f"m1,1,{SENT.replace('AHOJ', 'INFO')}\n"
    content = MESSAGES.partition("\n")[0] + "\n" + first + other + first

    dry = import_text("inbound-messages", content, dry=True, batch_rows=batch_rows)
    real = import_text("inbound-messages", content, batch_rows=batch_rows)

    assert counts_of(dry) == counts_of(real) == (1, 0, 1, 1)


def test_what_a_line_has_outlives_a_crash_of_the_server(app: Flask) -> None:
    with transaction() as session:
        logged = session.execute(text("SELECT relpersistence FROM pg_class WHERE relname = 'import_claims'"))

        assert logged.scalar_one() == "p"
