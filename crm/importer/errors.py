"""What can be wrong with an import as a whole, or with one value of it."""

from crm.core.errors import ConflictError, CrmError, InvalidInputError, NotFoundError


class SourceError(InvalidInputError):
    """The file as a whole cannot be imported: nothing of it was, and the sentence says where and why."""


class LayoutError(SourceError):
    """The columns of the file are not those of the entity."""


class CellError(CrmError):
    """One value cannot be used; `code` is the rule's name, for scripts."""

    def __init__(self, code: str, message: str, /, **fields: object) -> None:
        self.code = code
        super().__init__(message, **fields)


class UnknownEntityError(NotFoundError):
    """There is no such entity."""


class UnknownImportError(NotFoundError):
    """There is no such import, or no such uploaded file."""


class ImportStateError(ConflictError):
    """What was asked for does not go with what the import has become."""
