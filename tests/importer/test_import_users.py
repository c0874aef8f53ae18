"""People come in as they were; who is here already keeps what they have had since. Source: behaviour.md 8.1."""

from datetime import UTC, datetime

import pytest
from flask import Flask
from sqlalchemy import func, select, update

from crm.core.db import transaction
from crm.events.models import OutboxEntry
from crm.importer.examples import read_example
from crm.users.accounts import create_user
from crm.users.administration import Details, deactivate, edit_person
from crm.users.audit_log import Actor, acting, list_acts_on
from crm.users.models import NO_PASSWORD, AccessToken, User
from crm.users.passwords import hash_password
from crm.users.phones import link_phone
from crm.users.queries import find_by_email, find_by_phone
from tests.factories.imports import change_cell, counts_of, faults_by_line, import_text, refusals_of
from tests.pages import PASSWORD
from tests.signing_in import come

EXAMPLE = read_example("users")
HEADER = "external_id,email,public_name\n"
OLD_PASSWORD = "stare heslo Evy"
EVA = User.external_id == "101"


def read(condition: object = EVA) -> User:
    with transaction() as session:
        user = session.execute(select(User).where(condition)).scalar_one()  # type: ignore[arg-type]
        session.expunge(user)
        return user


def count_people() -> int:
    with transaction() as session:
        return session.execute(select(func.count()).select_from(User)).scalar_one()


def test_a_person_comes_in_as_they_were(app: Flask) -> None:
    run = import_text("users", EXAMPLE)

    assert counts_of(run) == (3, 0, 0, 0)
    eva, reader = read(), read(User.external_id == "102")
    assert (eva.email, eva.public_name, eva.role, eva.active, eva.locale) == (
        "eva.nova@example.com", "Eva Nová", "customer", True, "sk_SK",
    )  # fmt: skip
    assert (eva.source, eva.registration_channel, eva.import_id) == ("unknown", "crm", run.id)
    assert eva.created_at == datetime(2024, 3, 1, 8, tzinfo=UTC)
    assert (reader.email, reader.public_name, reader.password) == (None, "0908 300 102", NO_PASSWORD)


def test_every_column_is_kept(app: Flask) -> None:
    columns = {
        "id": "7", "email": "a@example.sk", "public_name": "Škola", "role": "editor", "active": "0",
        "locale": "en", "source": "web", "registration_channel": "shop",
        "uuid": "3f1f8a5e-6f0c-4c57-9d1b-0e6a7c1f2a3b", "ext_id": "12",
        "confirmed_at": "2024-01-01 00:00:00", "email_validated_at": "2.1.2024",
        "institution_name": "Gymnázium", "note": "Volať ráno",
    }  # fmt: skip

    import_text("users", f"{','.join(columns)}\n{','.join(columns.values())}\n")

    user = read(User.external_id == "7")
    assert (user.role, user.active, user.locale, user.ext_id) == ("editor", False, "en_US", 12)
    assert (user.source, user.registration_channel, str(user.uuid)) == ("web", "shop", columns["uuid"])
    assert user.confirmed_at == datetime(2023, 12, 31, 23, tzinfo=UTC)
    assert user.email_validated_at == datetime(2024, 1, 1, 23, tzinfo=UTC)
    assert (user.institution_name, user.is_institution, user.note) == ("Gymnázium", True, "Volať ráno")


def test_the_old_password_still_opens_the_account(app: Flask) -> None:
    import_text("users", EXAMPLE)

    assert come("EVA.nova@example.com", OLD_PASSWORD).user_id == read().id
    assert come("eva.nova@example.com", "another password").refusal == "invalid_credential"
    assert come("jan.kral@example.com", "").user_id is None


def test_who_has_a_number_only_signs_in_by_number_and_the_old_password(app: Flask) -> None:
    import_text("users", f"{HEADER.strip()},password\n9,,0908300109,{read_hash()}\n")
    import_text("phone-numbers", "phone_number,user_external_id\n0908300109,9\n")

    assert come(mobile_phone="0908 300 109", password=OLD_PASSWORD).user_id is not None


def read_hash() -> str:
    lines = EXAMPLE.splitlines()
    return lines[1].split(",")[lines[0].split(",").index("password")]


def test_the_same_file_again_changes_nothing(app: Flask) -> None:
    import_text("users", EXAMPLE)

    assert counts_of(import_text("users", EXAMPLE)) == (0, 0, 3, 0)


def test_nothing_imported_is_an_event(app: Flask) -> None:
    import_text("users", EXAMPLE)

    with transaction() as session:
        assert session.execute(select(func.count()).select_from(OutboxEntry)).scalar_one() == 0


def test_people_come_in_from_json_lines(app: Flask) -> None:
    first = '{"id": 1, "public_name": "Žofia", "active": false, "note": "Volať\\nráno"}'
    rows = f'{first}\n{{"id": 2, "public_name": null}}\n'

    run = import_text("users", rows)

    assert refusals_of(run) == [(2, "public_name", "missing")]
    zofia = read(User.external_id == "1")
    assert (zofia.public_name, zofia.active, zofia.note) == ("Žofia", False, "Volať\nráno")


def test_a_file_of_an_old_office_works(app: Flask) -> None:
    rows = "id;email;public_name;first_name\n1;zofia@example.sk;Žofia Ťažká;Žofia\n".encode("cp1250")

    run = import_text("users", rows)

    assert counts_of(run) == (1, 0, 0, 0)
    assert read(User.external_id == "1").public_name == "Žofia Ťažká"


def test_a_public_name_that_is_a_number_stays_in_its_spelling(app: Flask) -> None:
    import_text("users", f"{HEADER}1,,+421 908 123 456\n")

    assert read(User.external_id == "1").public_name == "+421 908 123 456"


def test_who_is_here_by_e_mail_is_the_same_person(app: Flask) -> None:
    with transaction() as session:
        here = create_user(session, email="Eva.Nova@example.com", password=PASSWORD, public_name="Eva").id

    run = import_text("users", EXAMPLE)

    assert counts_of(run) == (2, 1, 0, 0)
    eva = read()
    assert (eva.id, eva.first_name, eva.public_name, eva.email) == (
        here, "Eva", "Eva Nová", "Eva.Nova@example.com",
    )  # fmt: skip
    assert come("eva.nova@example.com", PASSWORD).user_id == here
    assert come("eva.nova@example.com", OLD_PASSWORD).user_id is None


def test_who_is_here_by_uuid_is_the_same_person(app: Flask) -> None:
    with transaction() as session:
        user = create_user(session, phone="0908300101")
        session.refresh(user)
        uuid = user.uuid

    run = import_text("users", f"{HEADER.strip()},uuid\n5,eva@example.sk,Eva,{uuid}\n")

    assert counts_of(run) == (0, 1, 0, 0)
    assert (read(User.external_id == "5").uuid, count_people()) == (uuid, 1)


def test_role_password_and_uuid_of_who_is_here_stay(app: Flask) -> None:
    with transaction() as session:
        create_user(session, email="eva.nova@example.com", password=PASSWORD, role="support")
    before = read(User.email == "eva.nova@example.com")
    rows = change_cell(EXAMPLE, 2, "role", "admin").splitlines()
    rows = [f"{rows[0]},uuid", f"{rows[1]},3f1f8a5e-6f0c-4c57-9d1b-0e6a7c1f2a3b"]

    import_text("users", "\n".join(rows) + "\n")

    after = read()
    assert (after.role, after.password, after.uuid) == ("support", before.password, before.uuid)


def test_who_has_no_password_gets_the_old_one_but_for_staff(app: Flask) -> None:
    with transaction() as session:
        create_user(session, email="eva.nova@example.com")
        create_user(session, email="jan.kral@example.com", role="billing")

    import_text("users", change_cell(EXAMPLE, 4, "password", read_hash()))

    assert come("eva.nova@example.com", OLD_PASSWORD).user_id is not None
    assert read(User.external_id == "103").password == NO_PASSWORD


def test_an_account_that_was_closed_here_stays_closed(app: Flask) -> None:
    import_text("users", EXAMPLE)
    with acting(Actor(name="Admin")), transaction() as session:
        deactivate(session, session.execute(select(User).where(EVA)).scalar_one(), reason="Asked to")

    assert counts_of(import_text("users", EXAMPLE)) == (0, 0, 3, 0)
    assert read().active is False


def test_an_account_that_was_closed_there_closes_here_with_its_sign_ins(app: Flask) -> None:
    import_text("users", EXAMPLE)
    eva = read().id
    with transaction() as session:
        lasting = {"kind": "web", "source": "web", "valid_until": datetime(2099, 1, 1, tzinfo=UTC)}
        session.add(AccessToken(token_sha256="a", user_id=eva, **lasting))

    run = import_text("users", change_cell(EXAMPLE, 2, "active", "0"))

    assert counts_of(run) == (0, 1, 2, 0)
    with transaction() as session:
        ended = select(AccessToken.end_reason).where(AccessToken.user_id == eva)
        assert session.execute(ended).scalar_one() == "deactivated"


def test_a_live_account_is_neither_closed_nor_made_older(app: Flask) -> None:
    with transaction() as session:
        user = create_user(session, email="eva.nova@example.com")
        session.refresh(user)
        created_at = user.created_at

    import_text("users", change_cell(EXAMPLE, 2, "active", "0"))

    assert (read().active, read().created_at) == (True, created_at)


def test_what_somebody_changed_here_stays_and_the_rest_follows_the_file(app: Flask) -> None:
    import_text("users", EXAMPLE)
    with acting(Actor(name="Support")), transaction() as session:
        eva = session.execute(select(User).where(EVA)).scalar_one()
        wanted = Details(
            public_name="Eva Stará",
            first_name="Eva",
            last_name="Nová",
            email="eva.nova@example.com",
            locale="sk_SK",
        )
        edit_person(session, eva, wanted)

    run = import_text("users", change_cell(EXAMPLE, 2, "first_name", "Evka"))

    assert counts_of(run) == (0, 1, 2, 0)
    assert (read().public_name, read().first_name) == ("Eva Stará", "Evka")


def test_an_empty_cell_or_a_missing_column_takes_nothing_away(app: Flask) -> None:
    import_text("users", EXAMPLE)

    run = import_text("users", "external_id,email,public_name,first_name\n101,,Eva Nová,\n")

    assert counts_of(run) == (0, 0, 1, 0)
    assert (read().email, read().first_name, read().last_name) == ("eva.nova@example.com", "Eva", "Nová")


def test_an_e_mail_is_filled_in_and_never_replaced(app: Flask) -> None:
    import_text("users", EXAMPLE)
    rows = change_cell(EXAMPLE, 2, "email", "new@example.sk")

    import_text("users", change_cell(rows, 3, "email", "reader@example.sk"))

    assert read().email == "eva.nova@example.com"
    assert read(User.external_id == "102").email == "reader@example.sk"


def test_whoever_was_erased_here_stays_erased(app: Flask) -> None:
    import_text("users", EXAMPLE)
    with transaction() as session:
        erased = {"public_name": "-", "first_name": None, "deleted_at": func.crm_now()}
        session.execute(update(User).where(EVA).values(erased))

    assert counts_of(import_text("users", EXAMPLE)) == (0, 0, 3, 0)
    assert (read().public_name, read().first_name) == ("-", None)


def test_a_name_that_is_a_number_does_not_come_back(app: Flask) -> None:
    import_text("users", EXAMPLE)
    with transaction() as session:
        renamed = update(User).where(User.external_id == "102").values(public_name="user 2")
        session.execute(renamed)

    import_text("users", EXAMPLE)

    assert read(User.external_id == "102").public_name == "user 2"


def test_new_staff_stand_in_the_audit_log_without_their_secrets(app: Flask) -> None:
    import_text("users", change_cell(EXAMPLE, 2, "role", "admin"))

    eva = read().id
    with transaction() as session:
        (act,) = list_acts_on(session, f"user {eva}")
        session.expunge(act)
    assert (act.action, act.reason) == ("user.create", "Imported")
    assert act.after == {"public_name": "Eva Nová", "email": "eva.nova@example.com", "role": "admin"}


FAULTS = {
    "an e-mail that is none": ("email", "eva.nova", "email"),
    "no public name": ("public_name", "", "missing"),
    "a public name like a formula": ("public_name", "=HYPERLINK()", "formula"),
    "a password in clear": ("password", "tajne heslo", "password"),
    "a hash that would cost hours": ("password", f"$2y$31${'a' * 53}", "password_cost"),
    "an unknown role": ("role", "superadmin", "choice"),
    "neither yes nor no": ("active", "maybe", "flag"),
    "a language that we do not speak": ("locale", "de_DE", "choice"),
    "a day that there is not": ("created_at", "2024-02-30 09:00:00", "date"),
    "an id with a space": ("external_id", "1 01", "external_id"),
}


@pytest.mark.parametrize(("column", "value", "code"), FAULTS.values(), ids=FAULTS)
@pytest.mark.parametrize("dry", [True, False], ids=["dry", "real"])
def test_a_wrong_cell_is_refused_with_its_place(
    app: Flask, column: str, value: str, code: str, dry: bool
) -> None:
    run = import_text("users", change_cell(EXAMPLE, 2, column, value), dry=dry)

    assert counts_of(run) == (2, 0, 0, 1)
    assert refusals_of(run) == [(2, column, code)]


def test_a_password_is_never_shown(app: Flask) -> None:
    run = import_text("users", change_cell(EXAMPLE, 2, "password", "tajne heslo"))

    (fault,) = faults_by_line(run)[2]
    assert "tajne" not in f"{fault}{fault.value}"


def test_a_hash_is_not_shown_where_it_is_no_password(app: Flask) -> None:
    run = import_text("users", change_cell(EXAMPLE, 2, "email", "$2y$10$BmqrX53ewHYpWtQb3IQh5"))

    (fault,) = faults_by_line(run)[2]
    assert (fault.column, fault.value) == ("email", "(not shown)")


# Letters of which Python's small ones are others than the database's, or as many of them as it is set up for.
ODD = ["Ágnes@x.sk", "İx@x.sk", "ẞa@x.sk", "ΑΣ@x.sk", "Kelvin\u212a@x.sk", "Ǆ@x.sk", '\\"É"@x.sk']


@pytest.mark.parametrize("email", ODD)
def test_an_e_mail_of_odd_letters_is_one_person_however_often_it_comes(app: Flask, email: str) -> None:
    content = f"email;public_name\n{email};Eva\n"
    first = import_text("users", content)
    user_id = read(User.email == email).id

    again = import_text("users", content)
    numbers = import_text("phone-numbers", f"phone_number;user_email\n0908300199;{email}\n")

    assert [counts_of(run) for run in (first, again, numbers)] == [(1, 0, 0, 0), (0, 0, 1, 0), (1, 0, 0, 0)]
    with transaction() as session:
        owners = [find_by_email(session, f" {email} "), find_by_phone(session, "0908300199")]
        assert [owner and owner.id for owner in owners] == [user_id, user_id]


@pytest.mark.parametrize("email", ODD)
def test_two_lines_with_what_the_database_calls_one_e_mail_are_not_two_people(app: Flask, email: str) -> None:
    with transaction() as session:
        small = session.execute(select(func.lower(email))).scalar_one()
    content = f"external_id;email;public_name\n1;{email};Eva\n2;{small};Jana\n"

    dry, run = import_text("users", content, dry=True), import_text("users", content)

    assert (run.error, counts_of(dry)) == (None, counts_of(run))
    assert counts_of(run) == (1, 0, 0, 1)


def test_a_person_without_an_id_and_an_e_mail_is_refused(app: Flask) -> None:
    run = import_text("users", f"{HEADER},,0908300101\n")

    assert refusals_of(run) == [(2, "external_id", "no_key")]


def test_a_number_in_a_third_system_is_a_whole_one(app: Flask) -> None:
    run = import_text("users", "id,public_name,ext_id,uuid\n1,Eva,1.5,abc\n")

    assert refusals_of(run) == [(2, "uuid", "uuid"), (2, "ext_id", "integer")]


def test_an_id_and_an_e_mail_of_two_people_are_refused(app: Flask) -> None:
    import_text("users", EXAMPLE)

    run = import_text("users", f"{HEADER}101,jan.kral@example.com,Eva\n")

    assert refusals_of(run) == [(2, "external_id", "user_differs")]


def test_an_old_id_is_never_exchanged(app: Flask) -> None:
    import_text("users", EXAMPLE)

    run = import_text("users", f"{HEADER}999,eva.nova@example.com,Eva\n")

    assert refusals_of(run) == [(2, "external_id", "taken")]
    assert read().email == "eva.nova@example.com"


HARD = f"""external_id,email,public_name,uuid
101,eva.nova@example.com,Eva Nová,
101,eva.nova@example.com,Eva Nová,
101,other@example.sk,Same id,
201,EVA.NOVA@example.com,Same e-mail,
202,a@example.sk,A,3f1f8a5e-6f0c-4c57-9d1b-0e6a7c1f2a3b
203,b@example.sk,Same UUID,3f1f8a5e-6f0c-4c57-9d1b-0e6a7c1f2a3b
204,here@example.sk,Here,
,here@example.sk,Here without an id,
205,here@example.sk,Here with another id,
206,,No e-mail,
,,No key,
207,broken,Broken,
202,here@example.sk,Two people,
208,c@example.sk,{"x" * 256},
"""


@pytest.mark.parametrize("batch_rows", [1, 3, 5000])
def test_a_dry_run_counts_as_the_real_one_whatever_the_batches(app: Flask, batch_rows: int) -> None:
    with transaction() as session:
        create_user(session, email="here@example.sk")

    dry = import_text("users", HARD, dry=True, batch_rows=batch_rows)
    assert count_people() == 1
    real = import_text("users", HARD, batch_rows=batch_rows)

    assert counts_of(dry) == counts_of(real) == (3, 1, 1, 9)
    assert [line for line, _, _ in refusals_of(dry)] == [line for line, _, _ in refusals_of(real)]
    assert counts_of(import_text("users", HARD, batch_rows=batch_rows))[:2] == (0, 0)


def test_a_number_of_who_is_here_stays_theirs(app: Flask) -> None:
    with transaction() as session:
        user = create_user(session, email="eva.nova@example.com")
        link_phone(session, "0908300199", user.id)
        user.password = hash_password(PASSWORD)

    import_text("users", EXAMPLE)

    assert come(mobile_phone="0908300199").user_id == read().id
