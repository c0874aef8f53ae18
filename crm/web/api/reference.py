"""The OpenAPI document, and what a person reads of it: chapters of calls, with their fields and answers."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import yaml

_FILE = Path(__file__).with_name("openapi.yaml")
_KEYS = {
    "apiToken": "An API token with the scope",
    "userToken": "The token of a reader",
    "gatewayPassword": "The gateway, by its address and password",
}
_ANYBODY = "Anybody"

Node = Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Field:
    """What can be sent."""

    name: str
    kind: str
    is_required: bool
    meaning: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What can come back; `example` is empty where the body is."""

    status: str
    meaning: str
    example: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """One method of one path."""

    id: str
    method: str
    path: str
    summary: str
    paragraphs: Sequence[str]
    who: str
    limit: str
    is_deprecated: bool
    fields: Sequence[Field]
    answers: Sequence[Answer]


@dataclass(frozen=True, slots=True, kw_only=True)
class Chapter:
    """Calls that belong together."""

    name: str
    about: str
    calls: Sequence[Call]


@lru_cache(maxsize=1)
def read_description() -> dict[str, Any]:
    """Return the OpenAPI document."""
    document: dict[str, Any] = yaml.safe_load(_FILE.read_text())
    return document


@lru_cache(maxsize=1)
def list_chapters() -> Sequence[Chapter]:
    """Return the document as a person reads it."""
    calls = list(_list_calls())
    return [
        Chapter(
            name=tag["name"],
            about=tag["description"],
            calls=[call for name, call in calls if name == tag["name"]],
        )
        for tag in read_description()["tags"]
    ]


def _list_calls() -> Iterator[tuple[str, Call]]:
    for path, methods in read_description()["paths"].items():
        for method, call in methods.items():
            yield call["tags"][0], _call(path, method, call)


def _call(path: str, method: str, call: Node) -> Call:
    description = call.get("description", "")
    return Call(
        id=call["operationId"],
        method=method.upper(),
        path=path,
        summary=call["summary"],
        paragraphs=description.split("\n\n") if description else [],
        who=_who(call["security"]),
        limit=_limit(call.get("x-limit")),
        is_deprecated=call.get("deprecated", False),
        fields=list(_list_fields(call)),
        answers=[_answer(status, node) for status, node in call["responses"].items()],
    )


def _who(security: Sequence[Mapping[str, Sequence[str]]]) -> str:
    keys = [(key, scopes) for way in security for key, scopes in way.items()]
    return " ".join([_KEYS[keys[0][0]], *keys[0][1]]) if keys else _ANYBODY


def _limit(limit: Node | None) -> str:
    return f"{limit['requests']} requests a minute for each {limit['for']}" if limit else "No limit"


def _list_fields(call: Node) -> Iterator[Field]:
    for content in list(call.get("requestBody", {}).get("content", {}).values())[:1]:
        schema = _resolved(content["schema"])
        for name, node in schema.get("properties", {}).items():
            yield Field(
                name=name,
                kind=_kind(node),
                is_required=name in schema.get("required", []),
                meaning=node.get("description", ""),
            )
    for parameter in call.get("parameters", []):
        yield Field(
            name=parameter["name"],
            kind=f"text in the {parameter['in']}",
            is_required=parameter.get("required", False),
            meaning=parameter["description"],
        )


def _kind(node: Node) -> str:
    if "enum" in node:
        return " or ".join(node["enum"])
    if node["type"] == "integer":
        return "whole number"
    return f"text, at most {node['maxLength']} characters" if "maxLength" in node else "text"


def _answer(status: str, node: Node) -> Answer:
    found = _resolved(node)
    examples = [content["example"] for content in found.get("content", {}).values() if "example" in content]
    return Answer(
        status="other" if status == "default" else status,
        meaning=found["description"],
        example=_written(examples[0]) if examples else "",
    )


def _written(example: Any) -> str:
    if isinstance(example, str):
        return example
    return json.dumps(example, indent=2, ensure_ascii=False)


def _resolved(node: Node) -> Node:
    """Follow a reference into the document's own components."""
    if "$ref" not in node:
        return node
    found: Node = read_description()
    for step in node["$ref"].removeprefix("#/").split("/"):
        found = found[step]
    return found
