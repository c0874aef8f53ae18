"""Why an SMS was read as a STOP, or nearly as one, in sentences of its trace."""

from collections.abc import Mapping

from flask_babel import gettext as _

from crm.core.errors import N_
from crm.mobiletech.rules.steps import Step
from crm.mobiletech.stop.reading import Because
from crm.mobiletech.words import Tone
from crm.web.trace_line import TraceLine

STOPS: Mapping[str, str] = {
    Because.BESIDE: N_("STOP stands at its beginning or end, so it asks us to stop."),
    Because.REQUEST: N_("It asks us to stop, in a sentence."),
    Because.ERROR: N_("It asks us to stop, with a typing error."),
}
NEAR_STOPS: Mapping[str, str] = {
    Because.QUESTION: N_("It may ask us to stop: it speaks of it, or asks how."),
    Because.ERRORS: N_("It may ask us to stop: it is like a STOP word, with more than one typing error."),
    Because.HALF: N_("It may ask us to stop: it refuses something, and does not say what."),
}


def tell_stop(step: Step) -> TraceLine:
    """Return the line of a STOP, with the keyword that it names."""
    because = _(STOPS.get(step.get("because", ""), N_("It asks us to stop.")))
    rest = _("STOP comes before every rule.")
    named = [_("It names %(keyword)s.", keyword=step["keyword"])] if step.get("keyword") else []
    return TraceLine(" ".join([because, *named, rest]), "stop", Tone.WARN)


def tell_near_stop(step: Step) -> TraceLine:
    """Return the line of what is nearly a STOP."""
    because = _(
        NEAR_STOPS.get(step.get("because", ""), N_("It may ask us to stop: a STOP word stands among others."))
    )
    return TraceLine(
        f"{because} {_('A person gets it, and what the reader has is charged no more until somebody decides.')}",
        "stop",
        Tone.WARN,
    )
