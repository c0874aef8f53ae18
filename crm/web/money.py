"""Amounts and large counts as people write them, in the language of the page."""

from decimal import Decimal

from flask_babel import format_currency, format_decimal

PATTERN = "#,##0.00 ¤"


def money(amount: Decimal, currency: str = "EUR") -> str:
    """Return 4.99 €, in Slovak 4,99 €; the space is a plain one, for it is copied into mails."""
    return str(format_currency(amount, currency, PATTERN)).replace("\N{NO-BREAK SPACE}", " ")


def amount_typed(amount: Decimal) -> str:
    """Return an amount as somebody would type it into a field."""
    return str(format_decimal(amount, "0.00"))


def thousands(count: int) -> str:
    """Return 10 000 for 10000."""
    return f"{count:,}".replace(",", " ")
