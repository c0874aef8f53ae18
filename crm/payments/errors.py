"""What can be refused about payments and renewals; each says which rule it breaks."""

from collections.abc import Sequence

from crm.core.errors import N_, ConflictError, CrmError, InvalidInputError, NotFoundError, Said


class PaymentsError(CrmError):
    """Root of what this package refuses."""


class PaymentNotFoundError(PaymentsError, NotFoundError):
    """No payment has that id."""

    def __init__(self, payment_id: int) -> None:
        super().__init__(N_("There is no payment %(id)s."), id=payment_id)


class RenewalNotFoundError(PaymentsError, NotFoundError):
    """No renewal has that id."""

    def __init__(self, recurrent_payment_id: int) -> None:
        super().__init__(N_("There is no renewal %(id)s."), id=recurrent_payment_id)


class InvalidPaymentError(PaymentsError, InvalidInputError):
    """An amount, a key, a date or a type that does not fit; the sentence names the rule."""


class RefusedMoveError(PaymentsError, ConflictError):
    """The tables of statuses.py have no such move."""


class NotActiveError(PaymentsError, ConflictError):
    """Only a planned renewal can be stopped, only a stopped one begun again."""


class BrokenRuleError(NotActiveError):
    """An imported renewal breaks a rule of imports; a reader is not told which, for they cannot mend it."""

    def __init__(self, rules: Sequence[str], *, by_user: bool) -> None:
        if by_user:
            super().__init__(N_("This renewal cannot go on by itself. Please write to us."))
            return
        told = N_(
            "It came by an import and breaks %(rules)s, so it cannot go on:"
            " the check of imports says what that means and how to mend it."
        )
        super().__init__(told, rules=", ".join(rules))


class StoppedByReaderError(NotActiveError):
    """The reader of an imported renewal has ended it when there was nothing to stop; only they begin it again."""

    def __init__(self, stop: Said) -> None:
        super().__init__(
            N_("%(stop)s So it cannot go on: the reader is not charged unless they order anew."), stop=stop
        )


class UnstoppableError(PaymentsError, ConflictError):
    """The gateway does not let its renewals be stopped."""

    def __init__(self, gateway: str) -> None:
        super().__init__(N_("Renewals by %(gateway)s cannot be stopped here."), gateway=gateway)


class ChargeInPastError(PaymentsError, ConflictError):
    """The next charge would have been in the past."""

    def __init__(self) -> None:
        super().__init__(N_("The period has ended: order anew instead."))


class NotNowError(PaymentsError, ConflictError):
    """A charge that a person wants now must not be made now; the sentence names the rule."""


class InvalidDateError(PaymentsError, InvalidInputError):
    """A renewal cannot be moved to that moment; the sentence names the rule."""
