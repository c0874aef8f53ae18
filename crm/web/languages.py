"""The language of pages: for now English, with every sentence marked for translation."""

from flask import Flask
from flask_babel import Babel, gettext

from crm.core.errors import CrmError


def set_up(app: Flask) -> None:
    """Let pages call `_()`."""
    Babel(app, default_locale="en")


def told(error: CrmError) -> str:
    """Return the error's sentence in the language of the page."""
    sentence: str = gettext(error.message)
    return sentence % error.fields if error.fields else sentence
