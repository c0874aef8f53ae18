"""What can be wrong with an SMS template, when it is saved and when it is rendered."""

from crm.core.errors import N_, InvalidInputError, Said


class TemplateLanguageError(InvalidInputError):
    """An SMS template or the values given to it cannot be used."""


class TemplateRefusedError(TemplateLanguageError):
    """The template uses something that the language does not have; nothing was rendered."""

    def __init__(self, *, line: int, reason: Said) -> None:
        super().__init__(N_("Line %(line)s of the template: %(reason)s."), line=line, reason=reason)
        self.line = line
        self.reason = str(reason)


class TemplateRenderError(TemplateLanguageError):
    """The template is sound, but not with these values."""

    def __init__(self, reason: Said) -> None:
        super().__init__(N_("The SMS text cannot be made: %(reason)s."), reason=reason)
        self.reason = str(reason)


class MissingParameterError(TemplateLanguageError):
    """The template uses parameters that were not given."""

    def __init__(self, *, names: tuple[str, ...]) -> None:
        one = N_("The template needs the parameter %(names)s, which is not given.")
        several = N_("The template needs the parameters %(names)s, which are not given.")
        super().__init__(one if len(names) == 1 else several, names=", ".join(names))
        self.names = names


def refuse(line: int, construct: str, /, **fields: object) -> TemplateRefusedError:
    """Return the refusal of a construct that the language does not have, such as "the filter %(name)s"."""
    reason = Said(N_("%(construct)s is not supported"), construct=Said(construct, **fields))
    return TemplateRefusedError(line=line, reason=reason)
