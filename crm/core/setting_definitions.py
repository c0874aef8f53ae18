"""Every setting that people change while we run: its key, its default, what it means, what may stand there.

Source: interface.md section 3.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from crm.core.errors import N_
from crm.core.setting_kinds import CHECKS, Kind


class Group(StrEnum):
    """What a key is about."""

    GATEWAY = "gateway"
    SENDING = "sending"
    TEST_ANSWER = "test_answer"
    LIMITS = "limits"
    RENEWALS = "renewals"


@dataclass(frozen=True, slots=True, kw_only=True)
class Definition:
    """A key, what it means, and what may stand there."""

    key: str
    kind: Kind
    group: Group
    default: str = ""
    meaning: str

    def check(self, value: str) -> None:
        """Raises: ValueError with a `Said` that tells the rule."""
        CHECKS[self.kind](value)


DEFINITIONS: Mapping[str, Definition] = {
    definition.key: definition
    for definition in (
        Definition(
            key="mobiletech_gateway_url_production",
            kind=Kind.ADDRESS,
            group=Group.GATEWAY,
            meaning=N_("where messages are posted"),
        ),
        Definition(
            key="mobiletech_gateway_url_test",
            kind=Kind.ADDRESS,
            group=Group.GATEWAY,
            meaning=N_("where the server proxy forwards"),
        ),
        Definition(
            key="mobiletech_billkey_free",
            kind=Kind.BILLKEY,
            group=Group.SENDING,
            meaning=N_("billing key for free messages"),
        ),
        Definition(
            key="mobiletech_serv_id",
            kind=Kind.CODE,
            group=Group.SENDING,
            meaning=N_("service id for messages that answer nothing"),
        ),
        Definition(
            key="mobiletech_short_number",
            kind=Kind.SHORT_NUMBER,
            group=Group.SENDING,
            meaning=N_("sender of messages that answer nothing"),
        ),
        Definition(
            key="mobiletech_test_billkey",
            kind=Kind.BILLKEY,
            group=Group.TEST_ANSWER,
            meaning=N_("key of the test answer; both test keys set turn it on"),
        ),
        Definition(
            key="mobiletech_test_template_code",
            kind=Kind.TEMPLATE,
            group=Group.TEST_ANSWER,
            meaning=N_("template of the test answer"),
        ),
        Definition(
            key="mobiletech_test_numbers",
            kind=Kind.MOBILE_NUMBERS,
            group=Group.TEST_ANSWER,
            meaning=N_("numbers that texts may be tried on, besides one's own"),
        ),
        Definition(
            key="recurrent_payment_charges",
            kind=Kind.DURATIONS,
            group=Group.RENEWALS,
            default="PT15M, PT6H, PT6H, PT6H, PT6H",
            meaning=N_("delays between attempts to charge; one entry more than there are retries"),
        ),
        Definition(
            key="recurrent_payment_gateway_fail_delay",
            kind=Kind.DURATION,
            group=Group.RENEWALS,
            default="PT1H",
            meaning=N_("delay after a failure of ours, not the customer's"),
        ),
        Definition(
            key="recurrent_charge_before",
            kind=Kind.HOURS_OR_NONE,
            group=Group.RENEWALS,
            meaning=N_("hours before the end of a subscription to charge"),
        ),
        Definition(
            key="mobiletech_max_paid_per_day",
            kind=Kind.COUNT,
            group=Group.LIMITS,
            default="3",
            meaning=N_("paid messages to one number in 24 h; more are held; 0 = no limit"),
        ),
        Definition(
            key="mobiletech_max_amount_per_payment",
            kind=Kind.EUR,
            group=Group.LIMITS,
            default="50",
            meaning=N_("EUR per charge"),
        ),
        Definition(
            key="mobiletech_max_amount_per_month",
            kind=Kind.EUR,
            group=Group.LIMITS,
            default="300",
            meaning=N_("EUR per number in 31 days"),
        ),
        Definition(
            key="mobiletech_duplicate_window",
            kind=Kind.DURATION,
            group=Group.LIMITS,
            default="PT10S",
            meaning=N_("the same text again within it gets no second paid answer; PT0S = off"),
        ),
        Definition(
            key="mobiletech_expiration_unit",
            kind=Kind.UNIT,
            group=Group.SENDING,
            default="minutes",
            meaning=N_("unit of the gateway's expiration"),
        ),
        Definition(
            key="recurrent_max_charges_per_hour",
            kind=Kind.COUNT,
            group=Group.LIMITS,
            default="0",
            meaning=N_("run ceiling, 0 = none"),
        ),
        Definition(
            key="renewal_notice_hours",
            kind=Kind.HOURS,
            group=Group.RENEWALS,
            default="24",
            meaning=N_("free notice before a renewal"),
        ),
        Definition(
            key="vat_rate",
            kind=Kind.PERCENT,
            group=Group.RENEWALS,
            default="0",
            meaning=N_("percent, for payment items"),
        ),
        Definition(
            key="mobiletech_pending_charge_timeout",
            kind=Kind.DURATION,
            group=Group.RENEWALS,
            default="PT15M",
            meaning=N_("how long a charge without a report is waited for, at least"),
        ),
    )
}
