"""What staff are told when a conversation does not go as they wished."""

from crm.core.errors import N_, ConflictError, NotFoundError


class ThreadNotFoundError(NotFoundError):
    """No number has the id."""

    def __init__(self, number_id: int) -> None:
        super().__init__(N_("No conversation has the id %(id)s."), id=number_id)


class NoteNotFoundError(NotFoundError):
    """The note does not exist, or belongs to somebody else."""

    def __init__(self) -> None:
        super().__init__(N_("There is no such note of yours."))


class ItemNotFoundError(NotFoundError):
    """Nothing in the inbox has the id."""

    def __init__(self) -> None:
        super().__init__(N_("There is no such message in the inbox."))


class AnsweredMeanwhileError(ConflictError):
    """A colleague has answered since the form was opened."""

    def __init__(self, name: str) -> None:
        super().__init__(
            N_(
                "%(name)s has answered meanwhile: read it above. Your text is still here; "
                "send it again if it should go out too."
            ),
            name=name,
        )


class FormUsedError(ConflictError):
    """The form was sent before, with another text."""

    def __init__(self) -> None:
        super().__init__(
            N_(
                "This form has sent another text already: see above. Your text is still here; "
                "send it again if it should go out too."
            )
        )
