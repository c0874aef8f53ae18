"""Renewals of an import that are past their date, in words: how many, how much, and what becomes of them."""

from flask_babel import ngettext
from sqlalchemy.orm import Session

from crm.importer.due_sums import read_sums
from crm.importer.models import ImportRun
from crm.payments.holding import are_held
from crm.web.count_words import spell
from crm.web.money import money


def due_sum(run: ImportRun) -> str:
    """Return what they come to, each currency by itself."""
    return " + ".join(money(amount, currency) for currency, amount in read_sums(run.due_amounts).items())


def due_words(session: Session, run: ImportRun) -> str:
    """Say what becomes of them; nothing if there are none."""
    if not run.due_count:
        return ""
    told = {"count": spell(run.due_count), "sum": due_sum(run)}
    if run.confirm_due and are_held(session):
        return ngettext(
            "%(count)s renewal is past its date, %(sum)s: it waits, for all renewals are held, and is charged"
            " when they are resumed.",
            "%(count)s renewals are past their date, %(sum)s in all: they wait, for all renewals are held, and"
            " are charged when they are resumed.",
            run.due_count,
            **told,
        )
    if run.confirm_due:
        return ngettext(
            "%(count)s renewal is past its date, %(sum)s: it is charged at once.",
            "%(count)s renewals are past their date, %(sum)s in all: they are charged at once.",
            run.due_count,
            **told,
        )
    return ngettext(
        "%(count)s renewal is past its date, %(sum)s: without your leave it is refused.",
        "%(count)s renewals are past their date, %(sum)s in all: without your leave they are refused.",
        run.due_count,
        **told,
    )


def due_question(dry: ImportRun) -> str:
    """Say what becomes of them unless the box below is marked; nothing if there are none."""
    if not dry.due_count:
        return ""
    return ngettext(
        "%(count)s renewal is past its date, %(sum)s. Unless you mark it below it is refused.",
        "%(count)s renewals are past their date, %(sum)s in all. Unless you mark it below they are refused.",
        dry.due_count,
        count=spell(dry.due_count),
        sum=due_sum(dry),
    )


def due_label(session: Session, dry: ImportRun) -> str:
    """Return the words of that box."""
    if are_held(session):
        return ngettext(
            "Charge %(num)s renewal, %(sum)s, when renewals are resumed: all are held now",
            "Charge %(num)s renewals, %(sum)s in all, when renewals are resumed: all are held now",
            dry.due_count,
            sum=due_sum(dry),
        )
    return ngettext(
        "Charge %(num)s renewal at once, %(sum)s",
        "Charge %(num)s renewals at once, %(sum)s in all",
        dry.due_count,
        sum=due_sum(dry),
    )
