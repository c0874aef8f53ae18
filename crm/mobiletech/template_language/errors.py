"""What can be wrong with an SMS template, when it is saved and when it is rendered."""

from crm.core.errors import InvalidInputError


class TemplateLanguageError(InvalidInputError):
    """An SMS template or the values given to it cannot be used."""


class TemplateRefusedError(TemplateLanguageError):
    """The template uses something that the language does not have; nothing was rendered."""

    def __init__(self, *, line: int, reason: str) -> None:
        super().__init__(f"Line {line} of the template: {reason}.")
        self.line = line
        self.reason = reason


class TemplateRenderError(TemplateLanguageError):
    """The template is sound, but not with these values."""

    def __init__(self, reason: str) -> None:
        super().__init__(f"The SMS text cannot be made: {reason}.")
        self.reason = reason


class MissingParameterError(TemplateLanguageError):
    """The template uses parameters that were not given."""

    def __init__(self, *, names: tuple[str, ...]) -> None:
        noun, verb = ("parameter", "is") if len(names) == 1 else ("parameters", "are")
        super().__init__(f"The template needs the {noun} {', '.join(names)}, which {verb} not given.")
        self.names = names


def refuse(line: int, construct: str) -> TemplateRefusedError:
    return TemplateRefusedError(line=line, reason=f"{construct} is not supported")
