"""What can be odd about a message that is accepted all the same, as codes and as sentences.

The customer's SMS is never refused for the gateway's slip: it is stored with these beside it.
"""

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType

from crm.core.errors import N_


class Problem(StrEnum):
    """A code that is stored with a message; its sentence is in PROBLEM_SENTENCES."""

    ELEMENT_MISSING = "element_missing"
    ELEMENT_CUT = "element_cut"
    MARKUP_INSIDE = "markup_inside"
    DATE_BAD = "date_bad"
    DATE_IMPLAUSIBLE = "date_implausible"
    DATE_SKIPPED = "date_skipped"
    DATE_AMBIGUOUS = "date_ambiguous"
    FROM_FOREIGN = "from_foreign"
    FROM_SPELLING = "from_spelling"
    TO_ODD = "to_odd"
    OPERATOR_UNKNOWN = "operator_unknown"
    CODING_UNKNOWN = "coding_unknown"
    CONTENT_UNDECODABLE = "content_undecodable"
    CONTENT_NUL = "content_nul"


PROBLEM_SENTENCES: Mapping[Problem, str] = MappingProxyType(
    {
        Problem.ELEMENT_MISSING: N_("An element is missing, or empty where it must not be."),
        Problem.ELEMENT_CUT: N_("An element was too long and was cut."),
        Problem.MARKUP_INSIDE: N_("An element has other elements inside; only its text was kept."),
        Problem.DATE_BAD: N_(
            "The date is not thirteen digits or does not exist; the time it came to us counts."
        ),
        Problem.DATE_IMPLAUSIBLE: N_("The date is far from now; the time it came to us counts."),
        Problem.DATE_SKIPPED: N_("The time was skipped when summer time began; the hour after it was taken."),
        Problem.DATE_AMBIGUOUS: N_("The time came twice when summer time ended; the likelier one was taken."),
        Problem.FROM_FOREIGN: N_("The sender is not a Slovak mobile number."),
        Problem.FROM_SPELLING: N_("The sender's number is not written as +421 and nine digits."),
        Problem.TO_ODD: N_("The recipient is not a short number."),
        Problem.OPERATOR_UNKNOWN: N_("The operator is none of T, O, 2 and S."),
        Problem.CODING_UNKNOWN: N_(
            "The content is coded neither as text nor as base64; it was kept as it came."
        ),
        Problem.CONTENT_UNDECODABLE: N_(
            "The content is not the base64 it claims to be; it was kept as it came."
        ),
        Problem.CONTENT_NUL: N_(
            "The content had zero characters, which cannot be stored; they were replaced."
        ),
    }
)
