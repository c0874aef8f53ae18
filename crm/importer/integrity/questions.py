"""What the integrity rules ask the database: each part finds the rows of one kind that break a rule.

A part is asked of all rows, or of the renewals of one batch; both times by joins and indexes, never row by row.
"""

# ruff: noqa: S608 - the questions are put together from constants of this file alone

from dataclasses import dataclass
from enum import StrEnum

from crm.payments.trials import CHARGED_TYPE


class Kind(StrEnum):
    """What a row that breaks a rule is; with its id it leads to a page."""

    RENEWAL = "recurrent_payment"
    PAYMENT = "payment"
    INBOUND = "inbound"
    OUTBOUND = "outbound"
    PHONE = "phone"


SOURCE_KEYS = ("external_id", "variable_symbol", "mobiletech_id")

TABLES = {
    Kind.RENEWAL: "recurrent_payments AS row",
    Kind.PAYMENT: "payments AS payment",
    Kind.INBOUND: "mobiletech_inbound_messages AS inbound",
    Kind.OUTBOUND: "mobiletech_outbound_messages AS message",
    Kind.PHONE: "mobiletech_phone_numbers AS phone",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """A question. `details` are pairs of a name and SQL, none of them a number of anybody.

    Those of SOURCE_KEYS are how the old system knows the row; what is our own has none.
    """

    kind: Kind
    condition: str
    joins: str = ""
    details: str = ""

    @property
    def of_all(self) -> str:
        """SQL that gives every row that breaks the rule: kind, id, details."""
        alias = TABLES[self.kind].rpartition(" ")[2]
        return (
            f"SELECT '{self.kind}' AS kind, {alias}.id AS id, jsonb_build_object({self.details}) AS details"
            f" FROM {TABLES[self.kind]} {self.joins} WHERE {self.condition}"
        )

    @property
    def of_renewals(self) -> str:
        """SQL that gives those of the renewals ASKED that break it, themselves or by the payment they follow."""
        source = "followed AS payment" if self.kind is Kind.PAYMENT else "asked AS row"
        renewal = "payment.renewal_id" if self.kind is Kind.PAYMENT else "row.id"
        return f"SELECT {renewal} AS id FROM {source} {self.joins} WHERE {self.condition}"


# The payments that they follow, each read by its id: of the table the planner would rather read all that were paid.
_FOLLOWED = """followed AS MATERIALIZED (
    SELECT asked.id AS renewal_id, payment.* FROM asked, LATERAL (
        SELECT * FROM payments WHERE payments.id = asked.period_payment_id OFFSET 0) AS payment)"""
# The renewals `:ids`, read once: for all that the planner knows, a table that is being filled is empty.
ASKED = f"""WITH asked AS MATERIALIZED (
    SELECT row.* FROM unnest(CAST(CAST(:ids AS text) AS bigint[])) AS wanted (id), LATERAL (
        SELECT * FROM recurrent_payments WHERE recurrent_payments.id = wanted.id OFFSET 0) AS row), {_FOLLOWED}"""
# The same, as if they went on: of what is stopped some rules ask nothing.
ASKED_IF_ACTIVE = f"""WITH asked AS MATERIALIZED (
    SELECT active.* FROM recurrent_payments AS renewal,
         LATERAL jsonb_populate_record(renewal, '{{"state": "active"}}') AS active
    WHERE renewal.id IN (SELECT unnest(CAST(CAST(:ids AS text) AS bigint[])))), {_FOLLOWED}"""
BY_SMS = "IN (SELECT id FROM payment_gateways WHERE code LIKE 'mobiletech%')"
_RENEWED_BY_SMS = f"row.payment_gateway_id {BY_SMS}"
# What is charged, or would be if it were not kept stopped; what is over needs no price and no text.
TO_BE_CHARGED = (
    f"{_RENEWED_BY_SMS} AND (row.state IN ('active', 'pending') OR row.state = 'system_stop'"
    " AND row.id IN (SELECT recurrent_payment_id FROM import_stops))"
)
_OWN = "'external_id', row.external_id, 'cid', row.cid, 'state', row.state"
_SMS = """'external_id', message.external_id, 'mobiletech_id', message.mobiletech_id,
    'billkey', message.billkey, 'status', message.status"""

NO_INBOUND = Part(
    kind=Kind.RENEWAL,
    condition=f"""{_RENEWED_BY_SMS} AND NOT EXISTS (
        SELECT 1 FROM mobiletech_inbound_messages AS inbound WHERE inbound.mobiletech_id = row.cid)""",
    details=_OWN,
)
# Whose a message is may not be known; another reader's answers nothing.
_ANSWERS = "message.rcv_msg_id = row.cid AND (message.user_id IS NULL OR message.user_id = row.user_id)"
NO_ANSWER = Part(
    kind=Kind.RENEWAL,
    condition=f"""{_RENEWED_BY_SMS} AND NOT EXISTS (
        SELECT 1 FROM mobiletech_outbound_messages AS message WHERE {_ANSWERS})""",
    details=_OWN,
)
NO_CHARGING_ANSWER = Part(
    kind=Kind.RENEWAL,
    condition=f"""{_RENEWED_BY_SMS} AND NOT EXISTS (
        SELECT 1 FROM mobiletech_outbound_messages AS message
        WHERE {_ANSWERS} AND message.payment_id IS NOT NULL)""",
    details=_OWN,
)
OTHER_READER = Part(
    kind=Kind.RENEWAL,
    joins="""JOIN payment_methods AS method ON method.id = row.payment_method_id
             JOIN payments AS parent ON parent.id = row.parent_payment_id""",
    condition=f"""{_RENEWED_BY_SMS} AND (method.user_id <> row.user_id OR parent.user_id <> row.user_id
        OR method.external_token <> row.cid)""",
    details=f"{_OWN}, 'user', row.user_id, 'user_of_method', method.user_id, 'user_of_payment', parent.user_id",
)

_PAID = f"payment.status = 'paid' AND payment.payment_gateway_id {BY_SMS}"
_SETTLED = "(SELECT outbound_message_id FROM sms_settled_outcomes WHERE decision = 'billed')"
_MONEY = """'external_id', payment.external_id, 'variable_symbol', payment.variable_symbol,
    'amount', CAST(payment.amount AS text), 'paid_at', payment.paid_at"""
PAID_WITHOUT_SMS = Part(
    kind=Kind.PAYMENT,
    condition=f"""{_PAID} AND NOT EXISTS (
        SELECT 1 FROM mobiletech_outbound_messages AS message
        WHERE message.payment_id = payment.id AND (message.billing = 'billed' OR message.id IN {_SETTLED}))""",
    details=f"{_MONEY}, 'billed_messages', 0",
)
PAID_BY_SEVERAL_SMS = Part(
    kind=Kind.PAYMENT,
    condition=f"""{_PAID} AND EXISTS (
        SELECT 1 FROM mobiletech_outbound_messages AS message
        JOIN mobiletech_outbound_messages AS other ON other.payment_id = message.payment_id AND other.id > message.id
        WHERE message.payment_id = payment.id AND (message.billing = 'billed' OR message.id IN {_SETTLED})
          AND (other.billing = 'billed' OR other.id IN {_SETTLED}))""",
    details=f"{_MONEY}, 'billed_messages', 2",
)
BILLED_WITHOUT_PAYMENT = Part(
    kind=Kind.OUTBOUND,
    condition="""message.paid AND message.billing = 'billed' AND message.purpose <> 'test'
        AND message.payment_id IS NULL""",
    details=_SMS,
)
BILLED_AND_NOT_PAID = Part(
    kind=Kind.OUTBOUND,
    joins="JOIN payments AS payment ON payment.id = message.payment_id",
    condition="""message.billing = 'billed' AND payment.status NOT IN ('paid', 'refund') AND NOT EXISTS (
        SELECT 1 FROM outbox WHERE outbox.state = 'ready'
          AND outbox.payload ->> 'mobiletech_outbound_message_id' = CAST(message.id AS text))""",
    details=f"{_SMS}, 'payment', payment.id, 'variable_symbol', payment.variable_symbol",
)
# A key is a price, so what was imported must fit it. Of ours, what is older than the key's last change is history.
OTHER_AMOUNT = Part(
    kind=Kind.PAYMENT,
    joins="""JOIN payment_meta AS meta ON meta.payment_id = payment.id AND meta.key = 'mobiletech_billkey'
             LEFT JOIN billkeys AS key ON key.code = meta.value""",
    condition=f"""{_PAID} AND (key.id IS NULL OR (key.price, key.currency) <> (payment.amount, payment.currency)
        AND (payment.import_id IS NOT NULL OR payment.created_at >= key.updated_at))""",
    details=f"{_MONEY}, 'billkey', meta.value, 'price', CAST(key.price AS text)",
)
OTHER_KEY = Part(
    kind=Kind.PAYMENT,
    joins="""JOIN mobiletech_outbound_messages AS message
               ON message.payment_id = payment.id AND message.billing = 'billed'
             LEFT JOIN payment_meta AS meta ON meta.payment_id = payment.id AND meta.key = 'mobiletech_billkey'
             LEFT JOIN billkeys AS key ON key.code = message.billkey""",
    condition=f"""{_PAID} AND (message.billkey <> meta.value OR meta.id IS NULL AND (key.id IS NULL
        OR (key.price, key.currency) <> (payment.amount, payment.currency)
           AND (payment.import_id IS NOT NULL OR payment.created_at >= key.updated_at)))""",
    details=f"{_MONEY}, 'billkey', meta.value, 'billkey_of_message', message.billkey",
)

# `type` is what is charged next: of a trial that is used up, the type after it.
CHARGED_AS = f"""JOIN subscription_types AS wanted
               ON wanted.id = coalesce(row.next_subscription_type_id, row.subscription_type_id)
             JOIN subscription_types AS type ON type.id = {CHARGED_TYPE}"""
_WANTED = "CASE WHEN type.id = row.subscription_type_id THEN row.custom_amount END"
OTHER_PRICE = Part(
    kind=Kind.RENEWAL,
    joins=f"""{CHARGED_AS}
             JOIN payments AS last ON last.id = row.period_payment_id
             LEFT JOIN sms_offers AS offer ON offer.subscription_type_id = type.id
             LEFT JOIN billkeys AS key ON key.code = offer.billkey""",
    # The last line: what is imported is not to be charged another price than was paid for the same until now.
    condition=f"""{TO_BE_CHARGED} AND (key.id IS NULL OR key.kind <> 'paid'
        OR (key.price, key.currency) <> (type.price, type.currency)
        OR {_WANTED} NOT IN (SELECT price FROM billkeys WHERE kind = 'paid')
        OR row.import_id IS NOT NULL AND last.subscription_type_id = type.id
           AND last.amount <> coalesce({_WANTED}, type.price))""",
    details=f"""{_OWN}, 'subscription_type', type.code, 'price_of_type', CAST(type.price AS text),
        'billkey', offer.billkey, 'price_of_key', CAST(key.price AS text), 'custom_amount', CAST({_WANTED} AS text),
        'last_amount', CAST(last.amount AS text)""",
)
TWO_AT_ONCE = Part(
    kind=Kind.RENEWAL,
    condition=f"""{TO_BE_CHARGED} AND EXISTS (
        SELECT 1 FROM recurrent_payments AS other
        WHERE other.user_id = row.user_id AND other.subscription_type_id = row.subscription_type_id
          AND other.id <> row.id AND other.state IN ('active', 'pending'))""",
    details=f"{_OWN}, 'user', row.user_id",
)
LOCAL_FROM = """CASE WHEN inbound."from" LIKE '+421%' THEN '0' || substr(inbound."from", 5)
                     WHEN inbound."from" LIKE '00421%' THEN '0' || substr(inbound."from", 6)
                     WHEN inbound."from" LIKE '421%' THEN '0' || substr(inbound."from", 4)
                     ELSE inbound."from" END"""
# A reader may have changed the number since: it need only have been theirs.
OTHER_NUMBER = Part(
    kind=Kind.RENEWAL,
    joins="""JOIN mobiletech_inbound_messages AS inbound ON inbound.mobiletech_id = row.cid
             LEFT JOIN mobiletech_phone_numbers AS phone ON phone.user_id = row.user_id""",
    condition=f"""{TO_BE_CHARGED} AND (phone.id IS NULL OR phone.phone_number <> {LOCAL_FROM} AND NOT EXISTS (
        SELECT 1 FROM phone_number_links AS link
        WHERE link.user_id = row.user_id AND link.phone_number = {LOCAL_FROM}))""",
    details=f"{_OWN}, 'user', row.user_id, 'inbound', inbound.id, 'has_number', phone.id IS NOT NULL",
)

# The unique indexes forbid these; the rule says that they do.
TWICE_RECEIVED = Part(
    kind=Kind.INBOUND,
    joins="""JOIN (SELECT mobiletech_id FROM mobiletech_inbound_messages
                   GROUP BY mobiletech_id HAVING count(*) > 1) AS twice USING (mobiletech_id)""",
    condition="true",
    details="'mobiletech_id', inbound.mobiletech_id",
)
TWICE_SENT = Part(
    kind=Kind.OUTBOUND,
    joins="""JOIN (SELECT mobiletech_id FROM mobiletech_outbound_messages WHERE mobiletech_id IS NOT NULL
                   GROUP BY mobiletech_id HAVING count(*) > 1) AS twice USING (mobiletech_id)""",
    condition="true",
    details="'mobiletech_id', message.mobiletech_id",
)


def _is_odd(column: str) -> str:
    """Say that a number is a Slovak mobile one and not written `+421…`; the patterns see only the few others."""
    bare = f"""regexp_replace({column}, '[^0-9+]+', '', 'g')"""
    return f"""(length({column}) <> 13 OR {column} NOT LIKE '+4219%')
        AND {bare} ~ '^(0|([+]|00)?4210?)9[0-9]{{8}}$'"""


FROM_ODD_NUMBER = Part(
    kind=Kind.INBOUND, condition=_is_odd('inbound."from"'), details="'mobiletech_id', inbound.mobiletech_id"
)
TO_ODD_NUMBER = Part(
    kind=Kind.OUTBOUND, condition=_is_odd('message."to"'), details="'mobiletech_id', message.mobiletech_id"
)
ODD_NUMBER = Part(
    kind=Kind.PHONE, condition="phone.phone_number !~ '^09[0-9]{8}$'", details="'user', phone.user_id"
)
