"""Rules, as an editor would have saved them, and templates for them to answer with."""

from typing import Any

from crm.core.db import transaction
from crm.mobiletech.rules.checks import Draft
from crm.mobiletech.rules.deciding import Action, KeywordRule
from crm.mobiletech.rules.editing import LAST, Place, create_rule
from crm.mobiletech.rules.matching import Match
from crm.mobiletech.sms_templates import create_template, find_template
from crm.mobiletech.stop_words import fold_words


def make_rule(
    text: str = "INFO", *, place: Place = LAST, content: str = "Noviny od piatku.", **overrides: Any
) -> int:
    """Add a rule that replies with the template `info`, or does what the test says."""
    values = {"match": "exact", "action": "reply"} | overrides
    if values["action"] == "reply":
        values = {"template": "info"} | values
    if values.get("template") == "info":
        make_template("info", content)
    with transaction() as session:
        return create_rule(session, Draft(text=text, **values), place=place)


def make_template(code: str, content: str, purpose: str = "service") -> None:
    """Add a template unless it is there."""
    with transaction() as session:
        if find_template(session, code) is None:
            create_template(session, code, content, purpose=purpose)


def keyword_rule(text: str = "INFO", match: str = "exact", **overrides: Any) -> KeywordRule:
    """Return a rule that stands in no table."""
    values = {"id": 1, "short_number": None, "action": Action.INBOX} | overrides
    return KeywordRule(match=Match(match), text=text, keyword=fold_words(text), **values)
