"""Messages are kept findable by the worker: their words, day by day, and the numbers they came from and went to."""

from datetime import timedelta

import pytest
from flask.testing import FlaskClient
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import func, select, text

from crm.core.db import transaction
from crm.mobiletech.notifications import notify
from crm.mobiletech.search.housekeeping import forget_old_words
from crm.mobiletech.search.models import MessageWords
from crm.mobiletech.sms_templates import create_template
from crm.mobiletech.stop_words import fold_words
from crm.mobiletech.wishes import Envelope
from crm.users.accounts import create_user
from crm.users.models import KnownNumber
from tests.conftest import Clock
from tests.factories.messages import WEBHOOK, make_receive, set_up_gateway, turn_on_test_answer
from tests.outbox import run_all
from tests.stored import read

pytestmark = pytest.mark.usefixtures("app")

SLOVAK = "aáäbcčdďeéfghiíjklĺľmnňoóôpqrŕsštťuúvwxyýzžAÁČĎÉÍĽŇÓÔŔŠŤÚÝŽ0123456789 .,!?-:/\n"


def test_the_words_of_both_directions_are_kept_and_the_number_once(client: FlaskClient) -> None:
    turn_on_test_answer()

    client.post(WEBHOOK, data=make_receive(content="Žiadam, prosím!"))
    run_all()

    assert find("ziad pros") == [1, 3]
    assert find("prijali") == [3]
    assert read(KnownNumber.number) == [("+421908630549",)]


def test_what_was_not_made_still_makes_its_number_known() -> None:
    set_up_gateway()

    with transaction() as session:
        notify(Envelope(to="+421908630549"), None, "no such template", session=session)

    assert read(KnownNumber.number) == [("+421908630549",)]


def test_the_words_of_a_code_are_not_kept() -> None:
    set_up_gateway()
    with transaction() as session:
        create_template(session, "code", "Váš kód je 123456")
        notify(Envelope(to="+421908630549"), None, "code", is_secret=True, session=session)

    assert read(MessageWords.message_id) == []


def test_a_number_that_is_linked_is_known() -> None:
    with transaction() as session:
        create_user(session, phone="0908 630 549")

    assert read(KnownNumber.number, KnownNumber.reversed) == [("+421908630549", "945036809124+")]


def test_words_are_forgotten_after_ninety_days(client: FlaskClient, clock: Clock) -> None:
    client.post(WEBHOOK, data=make_receive(content="staré"))
    run_all()
    clock.advance(timedelta(days=91))
    client.post(WEBHOOK, data=make_receive(content="nové"))
    run_all()

    forget_old_words()

    assert read(MessageWords.message_id) == [(2,)]


@given(st.text(alphabet=SLOVAK, max_size=60))
def test_the_database_folds_words_as_the_stop_words_are_folded(written: str) -> None:
    with transaction() as session:
        folded = session.execute(select(func.crm_fold(written))).scalar_one()

    assert folded == fold_words(written)


def find(words: str) -> list[int]:
    """Return the kinds of today's messages that have the words."""
    statement = text("""
        SELECT kind FROM mobiletech_message_words
        WHERE words @@ crm_words_query(:words, crm_day(crm_now())) ORDER BY kind
    """)
    with transaction() as session:
        return list(session.execute(statement, {"words": words}).scalars())
