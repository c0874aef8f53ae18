"""What a code means in staff's own words is told in the language of the page, wherever it was stored."""

from flask import Flask

from crm.core.db import transaction
from crm.mobiletech.catalogue.models import StatusCode
from crm.web.retelling import retell


def test_staffs_words_for_a_code_are_told_in_slovak(app: Flask) -> None:
    with transaction() as written:
        written.add(
            StatusCode(
                code="A12",
                reason="no_credit",
                meaning_sk="Nedostatok kreditu",
                meaning_en="Not enough credit",
            )
        )

    with app.test_request_context(headers={"Accept-Language": "sk"}):
        assert retell("Not enough credit") == "Nedostatok kreditu"
        assert retell("What nobody wrote") == "What nobody wrote"
