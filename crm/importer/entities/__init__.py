"""What can be imported, in the order in which it must be: the later ones name the earlier ones."""

from typing import Any

from crm.core.errors import N_
from crm.importer.columns import Entity
from crm.importer.entities.inbound_messages import INBOUND_MESSAGES
from crm.importer.errors import UnknownEntityError

ENTITIES: dict[str, Entity[Any]] = {each.name: each for each in (INBOUND_MESSAGES,)}


def get_entity(name: str) -> Entity[Any]:
    """Return what is called so. Raises: UnknownEntityError."""
    if name not in ENTITIES:
        told = N_("There is no %(name)s to import. In their order: %(names)s.")
        raise UnknownEntityError(told, name=name, names=", ".join(ENTITIES))
    return ENTITIES[name]
