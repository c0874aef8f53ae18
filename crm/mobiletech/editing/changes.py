"""What a change of a text asks of those who use the template: values that it drops, adds or now cannot do without."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from crm.mobiletech.template_language import CompiledTemplate


@dataclass(frozen=True, slots=True, kw_only=True)
class ParameterChange:
    """Names of parameters by what becomes of them."""

    dropped: tuple[str, ...]
    added: tuple[str, ...]
    now_required: tuple[str, ...]

    @property
    def is_any(self) -> bool:
        """Whether somebody who uses the template may have to do something."""
        return bool(self.dropped or self.added or self.now_required)

    @property
    def mark(self) -> str:
        """What tells this change from another one."""
        return "|".join(",".join(names) for names in (self.dropped, self.added, self.now_required))


def join_parameters(texts: Collection[CompiledTemplate]) -> Mapping[str, bool]:
    """Return the parameters of all variants of a text: name -> whether one of them cannot do without it."""
    joined: dict[str, bool] = {}
    for compiled in texts:
        for parameter in compiled.parameters:
            joined[parameter.name] = joined.get(parameter.name, False) or parameter.required
    return joined


def compare_parameters(before: Mapping[str, bool], after: Mapping[str, bool]) -> ParameterChange:
    """Return what changes for those who give the values."""
    return ParameterChange(
        dropped=tuple(name for name in before if name not in after),
        added=tuple(name for name in after if name not in before),
        now_required=tuple(
            name for name, required in after.items() if required and before.get(name) is False
        ),
    )
