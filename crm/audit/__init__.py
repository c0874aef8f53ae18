"""The invariants: SQL that must find nothing. Run by tests after every crash, by `crm audit`, each ten minutes.

Source: reliability.md 6, as far as its tables exist.
"""

from crm.audit.kinds import SHOWN, Finding, Invariant
from crm.audit.running import INVARIANTS, audit_and_alert, list_remarks, read_findings, run_audit

__all__ = [
    "INVARIANTS",
    "SHOWN",
    "Finding",
    "Invariant",
    "audit_and_alert",
    "list_remarks",
    "read_findings",
    "run_audit",
]
