"""All rules asked at once, as the page and the command ask them one after another."""

from collections.abc import Mapping

from sqlalchemy.orm import Session

from crm.importer.integrity.checking import Found, check_rule
from crm.importer.integrity.rules import RULES


def check_all(session: Session) -> Mapping[str, Found]:
    """Ask every rule, keep what it found, and return it by the rule's name."""
    return {rule.name: check_rule(session, rule) for rule in RULES}
