"""Read the set-up file's YAML: texts, lists and mappings, no other types, no key twice.

Every scalar is a text, so that `0177` and `4.90` mean what they say.
"""

import re
from typing import Any

import yaml

from crm.core.errors import InvalidInputError

MAX_BYTES = 1024 * 1024
_NULL = "tag:yaml.org,2002:null"


class SetupFileError(InvalidInputError):
    """The file cannot be applied; `faults` has one line for each fault, with its place."""

    def __init__(self, faults: list[str]) -> None:
        self.faults = faults
        noun = "fault" if len(faults) == 1 else "faults"
        super().__init__(f"Nothing was applied, {len(faults)} {noun}: " + "; ".join(faults))


def read_yaml(source: bytes) -> Any:
    """Return what the file says; an empty value is None.

    Raises: SetupFileError with the place.
    """
    if len(source) > MAX_BYTES:
        raise SetupFileError([f"the file is larger than {MAX_BYTES} bytes"])
    try:
        return _Loader(source.decode("utf-8-sig")).get_single_data()
    except UnicodeDecodeError as error:
        raise SetupFileError([f"the file is not UTF-8 text (byte {error.start + 1})"]) from error
    except yaml.YAMLError as error:
        raise SetupFileError([_told(error)]) from error
    except RecursionError as error:
        raise SetupFileError(["the file is nested too deeply"]) from error


class _Loader(yaml.BaseLoader):
    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        seen: set[str] = set()
        for key, _ in node.value:
            if not isinstance(key, yaml.ScalarNode):
                raise yaml.constructor.ConstructorError(None, None, "a key must be a text", key.start_mark)
            if key.value in seen:
                raise yaml.constructor.ConstructorError(
                    None, None, f"the key {key.value!r} stands here twice", key.start_mark
                )
            seen.add(key.value)
        return super().construct_mapping(node, deep=deep)


# An empty value is no text: it is told, not taken for "".
_Loader.add_implicit_resolver(_NULL, re.compile(r"(~|null|Null|NULL|)\Z"), ["~", "n", "N", ""])
_Loader.add_constructor(_NULL, lambda _loader, _node: None)


def _told(error: yaml.YAMLError) -> str:
    problem = getattr(error, "problem", None) or "it is no YAML"
    mark = getattr(error, "problem_mark", None)
    return f"line {mark.line + 1}, column {mark.column + 1}: {problem}" if mark else str(problem)
