"""Business settings in words: how a value reads, what it means to change it, what to write."""

from collections.abc import Mapping
from decimal import Decimal

from flask_babel import format_decimal, ngettext
from flask_babel import gettext as _

from crm.core.errors import N_
from crm.core.setting_definitions import DEFINITIONS, Group
from crm.core.setting_kinds import Kind, parse_duration
from crm.web.duration_words import in_words, one_after_another

GROUPS: Mapping[Group, tuple[str, str]] = {
    Group.GATEWAY: (N_("Gateway"), N_("Where messages go.")),
    Group.SENDING: (N_("Sending"), N_("What our messages carry when they answer nothing.")),
    Group.TEST_ANSWER: (
        N_("Test answer"),
        N_("For trials: what answers every SMS that nothing else answers."),
    ),
    Group.LIMITS: (N_("Limits"), N_("What keeps a mistake of ours small.")),
    Group.RENEWALS: (
        N_("Renewals and tax"),
        N_("When readers are charged again, and how often it is tried."),
    ),
}

UNIT_WORDS = {"seconds": N_("seconds"), "minutes": N_("minutes"), "hours": N_("hours")}

HOW_TO_WRITE: Mapping[Kind, str] = {
    Kind.CODE: N_("Letters, digits, dots, dashes and underscores."),
    Kind.ADDRESS: N_("A whole address, such as https://gateway.example.sk/send."),
    Kind.BILLKEY: N_("Choose one that is known, or write its code."),
    Kind.TEMPLATE: N_("Choose one that there is, or write its code."),
    Kind.SHORT_NUMBER: N_("Three to six digits, such as 8877."),
    Kind.MOBILE_NUMBERS: N_("Slovak mobile numbers with commas between, such as 0905 123 456."),
    Kind.DURATION: N_("PT30S is 30 seconds, PT15M 15 minutes, PT6H 6 hours, P1D a day."),
    Kind.DURATIONS: N_(
        "One after the other with commas: PT15M, PT6H, P1D is 15 minutes, then 6 hours, then a day."
    ),
    Kind.COUNT: N_("A whole number."),
    Kind.HOURS: N_("Whole hours."),
    Kind.HOURS_OR_NONE: N_("Whole hours, or empty."),
    Kind.EUR: N_("Euro, such as 50 or 4.99."),
    Kind.PERCENT: N_("Percent, such as 23."),
    Kind.UNIT: N_("What the gateway counts in."),
}

CONSEQUENCES: Mapping[str, str] = {
    "mobiletech_gateway_url_production": N_(
        "The next SMS is handed to this address. Without one nothing is sent, and messages wait until their"
        " window is over."
    ),
    "mobiletech_gateway_url_test": N_("What test systems send through the server proxy goes to this address."),
    "mobiletech_billkey_free": N_(
        "Answers, codes and notices go out on this key free of charge. Messages that are made already keep theirs."
    ),
    "mobiletech_serv_id": N_("Messages that answer no SMS carry it from now on."),
    "mobiletech_short_number": N_(
        "Readers see it as the sender of messages that answer nothing, and write back to it."
    ),
    "mobiletech_test_billkey": N_(
        "With the template of the test answer set too, every SMS that nothing else answers is answered on this key."
        " A paid one charges every reader who writes."
    ),
    "mobiletech_test_template_code": N_(
        "With the key of the test answer set too, every SMS that nothing else answers is answered with this template."
    ),
    "mobiletech_test_numbers": N_(
        "Who writes templates may send each text to these numbers, free of charge. Ask their owners first."
    ),
    "recurrent_payment_charges": N_("Tries that are planned keep their time; later ones follow the new delays."),
    "recurrent_payment_gateway_fail_delay": N_("The next charge that fails by our fault waits so long."),
    "recurrent_charge_before": N_("Renewals are charged so many hours before the paid time ends; empty: when it ends."),
    "mobiletech_max_paid_per_day": N_("A paid message above it is held for a person. What is held now stays held."),
    "mobiletech_max_amount_per_payment": N_("A charge above it is not made, and tells why."),
    "mobiletech_max_amount_per_month": N_(
        "A charge that would bring a number above it within 31 days is not made, and tells why."
    ),
    "mobiletech_duplicate_window": N_(
        "A long one leaves out readers who mean to write the same twice; a short one answers an operator's repeat."
    ),
    "mobiletech_expiration_unit": N_(
        "The gateway and we read in it how long a message may wait. Ask the gateway before you change it."
    ),
    "recurrent_max_charges_per_hour": N_("What is due above it waits for the next hour."),
    "renewal_notice_hours": N_("Readers hear of a renewal so long before it. Notices that went out stay."),
    "vat_rate": N_("New payments carry it. Those made before keep theirs."),
    "mobiletech_pending_charge_timeout": N_(
        "A charge without a report counts as failed after it, or when its SMS expires if that is later; a late report"
        " may still turn it into paid."
    ),
}  # fmt: skip


def reading(key: str, value: str) -> str:
    """Return the value as a person says it, empty when it says itself; one that breaks its rule does too."""
    if not value:
        return ""
    try:
        return _read(DEFINITIONS[key].kind, value)
    except (ValueError, ArithmeticError):
        return ""


def _read(kind: Kind, value: str) -> str:
    match kind:
        case Kind.DURATION:
            return in_words(parse_duration(value))
        case Kind.DURATIONS:
            return one_after_another([parse_duration(part) for part in value.split(",")])
        case Kind.HOURS | Kind.HOURS_OR_NONE:
            return ngettext("%(num)s hour", "%(num)s hours", int(value))
        case Kind.EUR:
            return f"{format_decimal(Decimal(value), '#,##0.00')} EUR"
        case Kind.PERCENT:
            return f"{format_decimal(Decimal(value))} %"
        case Kind.UNIT:
            return _(UNIT_WORDS[value])
        case _:
            return ""
