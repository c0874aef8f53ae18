"""What can be imported, in the order in which it must be: the later ones name the earlier ones."""

from typing import Any

from crm.core.errors import N_
from crm.importer.columns import Entity
from crm.importer.entities.billkeys import BILLKEYS
from crm.importer.entities.inbound_messages import INBOUND_MESSAGES
from crm.importer.entities.outbound_messages import OUTBOUND_MESSAGES
from crm.importer.entities.payments import PAYMENTS
from crm.importer.entities.phone_numbers import PHONE_NUMBERS
from crm.importer.entities.recurrent_payments import RECURRENT_PAYMENTS
from crm.importer.entities.subscription_types import SUBSCRIPTION_TYPES
from crm.importer.entities.templates import TEMPLATES
from crm.importer.entities.users import USERS
from crm.importer.errors import UnknownEntityError

ENTITIES: dict[str, Entity[Any]] = {
    each.name: each
    for each in (
        TEMPLATES,
        BILLKEYS,
        SUBSCRIPTION_TYPES,
        USERS,
        PHONE_NUMBERS,
        INBOUND_MESSAGES,
        PAYMENTS,
        OUTBOUND_MESSAGES,
        RECURRENT_PAYMENTS,
    )
}


def get_entity(name: str) -> Entity[Any]:
    """Return what is called so. Raises: UnknownEntityError."""
    if name not in ENTITIES:
        told = N_("There is no %(name)s to import. In their order: %(names)s.")
        raise UnknownEntityError(told, name=name, names=", ".join(ENTITIES))
    return ENTITIES[name]
