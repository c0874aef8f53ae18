"""The public price list: what is sold by SMS, for how much, how it is ordered and how it is stopped."""

from flask import Blueprint

from crm.core.business_settings import get_setting
from crm.core.db import current_session
from crm.sms_billing.price_list import list_prices
from crm.web.guards import public
from crm.web.page_tools import render_reader_page
from crm.web.price_words import price_line

price_list_page = Blueprint("price_list_page", __name__)


@price_list_page.get("/prices")
@public("prices are for everybody, and have to be known before one orders")
def show() -> str:
    """Show them."""
    session = current_session()
    lines = [price_line(each) for each in list_prices(session)]
    short_number = get_setting(session, "mobiletech_short_number")
    numbers = sorted({line.order.short_number for line in lines if line.order} or {short_number} - {""})
    return render_reader_page("prices.html", lines=lines, stop_numbers=numbers)
