"""R10: can the SMS that charges be written? Each text is tried once for each subscription type that uses it.

Looked at are the template of the message by which the reader was charged first, and the one that the type is sold
with now: that is what a renewal sends.
"""

from collections.abc import Collection, Iterator
from decimal import Decimal
from functools import partial
from typing import NamedTuple

from sqlalchemy import select, text
from sqlalchemy.orm import Session

from crm.core.copying import array_text
from crm.importer.integrity.questions import ASKED, CHARGED_AS, TO_BE_CHARGED, Kind, Part
from crm.mobiletech.models import SmsTemplate
from crm.mobiletech.sms_templates import render
from crm.mobiletech.template_language import TemplateLanguageError
from crm.subscriptions.queries import read_short_names

SHORT_NUMBER = "8877"  # they are all as long


class _Use(NamedTuple):
    """A template that writes the SMS of a type, and the highest amount that it has to name."""

    type_id: int
    template_id: int
    amount: Decimal


_AMOUNT = "coalesce(CASE WHEN type.id = row.subscription_type_id THEN row.custom_amount END, type.price)"
_USES = """
    SELECT type_id, template_id, max(amount) AS amount FROM (
        SELECT type.id AS type_id, template.id AS template_id, {amount} AS amount
        FROM {table} AS row {charged_as}
        JOIN sms_offers AS offer ON offer.subscription_type_id = type.id
        JOIN mobiletech_templates AS template ON template.code = offer.template_code
        WHERE {scope}
        UNION ALL
        SELECT type.id, message.mobiletech_template_id, {amount}
        FROM {table} AS row {charged_as}
        JOIN {messages} AS message
          ON message.rcv_msg_id = row.cid AND message.payment_id IS NOT NULL
             AND message.mobiletech_template_id IS NOT NULL
        WHERE {scope}
    ) AS used GROUP BY type_id, template_id
"""
_ASKED_OF = partial(_USES.format, amount=_AMOUNT, charged_as=CHARGED_AS)
_OF_ALL = text(
    _ASKED_OF(table="recurrent_payments", messages="mobiletech_outbound_messages", scope=TO_BE_CHARGED)
)
# Of a few renewals each is looked up by its cid: the planner would rather read all that was ever charged.
_OF_ONE = "LATERAL (SELECT * FROM mobiletech_outbound_messages WHERE rcv_msg_id = row.cid OFFSET 0)"
_OF_SOME = text(ASKED + _ASKED_OF(table="asked", messages=_OF_ONE, scope="true"))


def find_bad_texts(session: Session, ids: Collection[int] | None) -> Part | None:
    """Return the question for the renewals whose text cannot be written; None if every text can."""
    statement, values = (_OF_ALL, {}) if ids is None else (_OF_SOME, {"ids": array_text(ids)})
    uses = [_Use(*row) for row in session.execute(statement, values)]
    bad = list(_list_bad(session, uses))
    return _part(bad) if bad else None


def _list_bad(session: Session, uses: Collection[_Use]) -> Iterator[_Use]:
    names = read_short_names(session, {use.type_id for use in uses})
    wanted = select(SmsTemplate).where(SmsTemplate.id.in_({use.template_id for use in uses}))
    templates = {each.id: each for each in session.execute(wanted).scalars()}
    for use in uses:
        if not _can_be_written(templates[use.template_id], names[use.type_id], use.amount):
            yield use


def _can_be_written(template: SmsTemplate, name: str, amount: Decimal) -> bool:
    params = {"subscription_name": name, "price": amount, "short_number": SHORT_NUMBER}
    languages = ["sk", *(["en"] if template.content_en else [])]
    try:
        written = [render(template, params, language).measured for language in languages]
    except TemplateLanguageError:
        return False
    return all(each.text.strip() and each.parts == 1 for each in written)


def _part(bad: Collection[_Use]) -> Part:
    """Ids of ours are whole numbers: they may stand in the statement."""
    pairs = ", ".join(f"({use.type_id:d}, {use.template_id:d})" for use in bad)
    return Part(
        kind=Kind.RENEWAL,
        joins=f"""{CHARGED_AS}
                  JOIN (VALUES {pairs}) AS bad (type_id, template_id) ON bad.type_id = type.id
                  JOIN mobiletech_templates AS template ON template.id = bad.template_id
                  LEFT JOIN sms_offers AS offer
                    ON offer.subscription_type_id = bad.type_id AND offer.template_code = template.code""",
        condition=f"""{TO_BE_CHARGED} AND (offer.subscription_type_id IS NOT NULL OR EXISTS (
            SELECT 1 FROM mobiletech_outbound_messages AS message
            WHERE message.rcv_msg_id = row.cid AND message.payment_id IS NOT NULL
              AND message.mobiletech_template_id = template.id))""",  # noqa: S608 - whole numbers alone
        details="'cid', row.cid, 'state', row.state, 'template', template.code",
    )
