"""What was done about the money because of an SMS, in sentences of its trace."""

from collections.abc import Callable, Mapping

from flask_babel import gettext as _
from flask_babel import ngettext

from crm.mobiletech.rules.steps import Step, StepKind
from crm.mobiletech.words import Tone
from crm.web.retelling import retell
from crm.web.trace_line import TraceLine

INBOUND, PAYMENT = "/admin/messages/inbound/", "/admin/payments/"


def _ordered(step: Step) -> TraceLine:
    words = _("The order is charged: its answer is the paid SMS.")
    return TraceLine(words, "check", Tone.GOOD, f"{PAYMENT}{step['payment']}", _("Open the payment"))


def _refused(step: Step) -> TraceLine:
    words = _("Nothing was charged: %(why)s A person gets it.", why=retell(step["why"]))
    if step.get("payment") is None:
        return TraceLine(words, "cross", Tone.BAD)
    return TraceLine(words, "cross", Tone.BAD, f"{PAYMENT}{step['payment']}", _("Open the payment"))


def _late(_step: Step) -> TraceLine:
    words = _("Nothing was charged: the reader wrote STOP after it, and that was heeded already.")
    return TraceLine(words, "stop", Tone.WARN)


def _asked(_step: Step) -> TraceLine:
    words = _("The reader is asked first: it is charged after an ANO within 24 hours.")
    return TraceLine(words, "question", Tone.WAIT)


def _agreed(step: Step) -> TraceLine:
    words = _("It is the yes to an order that waited for it.")
    return TraceLine(words, "check", Tone.GOOD, f"{INBOUND}{step['to']}", _("Open the order"))


def _has_it(step: Step) -> TraceLine:
    if step["renewals"]:
        words = _("The reader has it already: nothing is charged a second time.")
    else:
        words = _("An order of it is on its way already: nothing is charged a second time.")
    return TraceLine(words, "check", Tone.GOOD)


def _state(_step: Step) -> TraceLine:
    return TraceLine(_("The reader is told what they have, free of charge."), "info", Tone.GOOD)


def _stop_done(step: Step) -> TraceLine:
    done = _what_was_stopped(step)
    if not done:
        return TraceLine(_("There was nothing to stop."), "check", Tone.GOOD)
    if step["may_still_be_billed"]:
        done += " " + _("A charge had left before and may still be billed; no other follows.")
        return TraceLine(done, "check", Tone.WARN)
    return TraceLine(done, "check", Tone.GOOD)


def _stop_late(step: Step) -> TraceLine:
    words = _("The reader ordered after they had written this, so that order goes on. A person gets it.")
    done = _what_was_stopped(step)
    return TraceLine(f"{done} {words}" if done else words, "alert", Tone.WARN)


def _stop_other(_step: Step) -> TraceLine:
    words = _(
        "The reader has not what it names, but something else: that is paused, and a person asks what was meant."
    )
    return TraceLine(words, "pause", Tone.WARN)


def _stop_silent(step: Step) -> TraceLine:
    words = _("No answer: %(most)s STOP from this number were answered within a day.", most=step["most"])
    return TraceLine(words, "minus", Tone.WARN)


def _what_was_stopped(step: Step) -> str:
    renewals, orders = len(step["renewals"]), len(step["payments"]) + step["orders"]
    parts = []
    if renewals:
        parts.append(ngettext("%(num)s renewal was stopped.", "%(num)s renewals were stopped.", renewals))
    if orders:
        parts.append(ngettext("%(num)s order was stopped.", "%(num)s orders were stopped.", orders))
    return " ".join(parts)


MONEY_LINES: Mapping[str, Callable[[Step], TraceLine]] = {
    StepKind.ORDERED: _ordered,
    StepKind.ORDER_REFUSED: _refused,
    StepKind.ORDER_LATE: _late,
    StepKind.ASKED: _asked,
    StepKind.AGREED: _agreed,
    StepKind.HAS_IT: _has_it,
    StepKind.STATE: _state,
    StepKind.STOP_DONE: _stop_done,
    StepKind.STOP_LATE: _stop_late,
    StepKind.STOP_OTHER: _stop_other,
    StepKind.STOP_SILENT: _stop_silent,
}
