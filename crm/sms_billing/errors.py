"""What can be refused about selling by SMS."""

from crm.core.errors import InvalidFieldError


class InvalidOfferError(InvalidFieldError):
    """A type cannot be sold so: `field` says whether the key or a text does not fit."""
