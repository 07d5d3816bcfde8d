"""botocore's models of Amazon's services as judges of what the adapters send."""

import re
from collections.abc import Callable, Iterator, Mapping
from functools import cache
from typing import Any
from urllib.parse import unquote

from botocore.model import OperationModel, ServiceModel, Shape
from botocore.session import Session
from botocore.validate import ParamValidator

from tests.fakes.http import Request

MODELS = {"ses": "sesv2", "aws-sms": "pinpoint-sms-voice-v2"}


def judge_of(name: str) -> Callable[[Request], list[str]] | None:
    """What is wrong with a request to a provider of Amazon's; None for all others."""
    if name not in MODELS:
        return None
    return lambda request: faults(model(name), request)


@cache
def model(name: str) -> ServiceModel:
    """The service model behind a provider."""
    return Session().get_service_model(MODELS[name])


def faults(service: ServiceModel, request: Request) -> list[str]:
    """What is wrong with a request, by the names of its members."""
    found = _operation(service, request)
    if found is None:
        return ["no such operation"]
    operation, given = found
    shape = operation.input_shape
    if shape is None:
        return ["body: none is expected"] if request.body else []
    names = {member.serialization.get("name", name): name for name, member in shape.members.items()}
    where = {name: member.serialization.get("location", "body") for name, member in shape.members.items()}
    texts = {"uri": given, "querystring": request.query, "header": request.headers}
    values: dict[str, Any] = {}
    for place, found_there in (*texts.items(), ("body", request.json if request.body else {})):
        for wire_name, value in found_there.items():
            name = names.get(wire_name, wire_name)
            if where.get(name) == place:
                values[name] = [value] if place != "body" and shape.members[name].type_name == "list" else value
            elif place in {"body", "querystring"}:
                values[wire_name] = value
    report = ParamValidator().validate(_numbers(values, shape), shape)
    return [*(_told(error) for error in report._errors), *_limits(values, shape, "")]


def _operation(service: ServiceModel, request: Request) -> tuple[OperationModel, dict[str, str]] | None:
    """The operation that a request asks for, and the parts of its path."""
    target = request.headers.get("x-amz-target", "")
    for name in service.operation_names:
        operation = service.operation_model(name)
        if service.metadata["protocol"] == "json":
            if target == f"{service.metadata['targetPrefix']}.{name}" and request.path == operation.http["requestUri"]:
                return operation, {}
            continue
        pattern = re.sub(r"\\\{(\w+)\\\}", r"(?P<\1>[^/]+)", re.escape(operation.http["requestUri"].rstrip("/")))
        path = re.fullmatch(pattern, request.path)
        if path and request.method == operation.http["method"]:
            return operation, {key: unquote(text) for key, text in path.groupdict().items()}
    return None


def _numbers(values: Mapping[str, Any], shape: Shape) -> dict[str, Any]:
    """Numbers of an address come as texts."""
    integers = {name for name, member in shape.members.items() if member.type_name == "integer"}
    return {
        name: int(value) if name in integers and isinstance(value, str) and value.isdigit() else value
        for name, value in values.items()
    }


def _told(error: tuple[str, str, Mapping[str, Any]]) -> str:
    """An error of botocore's without the value that it is about."""
    reason, name, more = error
    about = more.get("required_name") or more.get("unknown_param") or ""
    return f"{name}: {reason} {about}".strip()


def _limits(value: Any, shape: Shape, at: str) -> Iterator[str]:
    """Lengths, patterns and choices, which botocore leaves to the service."""
    if shape.type_name == "structure" and isinstance(value, dict):
        for name in value.keys() & shape.members.keys():
            yield from _limits(value[name], shape.members[name], f"{at}.{name}")
    elif shape.type_name == "list" and isinstance(value, list):
        for number, each in enumerate(value):
            yield from _limits(each, shape.member, f"{at}[{number}]")
    elif shape.type_name == "map" and isinstance(value, dict):
        for key, each in value.items():
            yield from _limits(key, shape.key, f"{at} key")
            yield from _limits(each, shape.value, f"{at}.{key}")
    metadata = shape.metadata
    size = len(value) if isinstance(value, str | list | dict) else value if isinstance(value, int) else None
    if size is not None and not metadata.get("min", size) <= size <= metadata.get("max", size):
        yield f"{at}: size"
    if isinstance(value, str):
        if metadata.get("enum") and value not in metadata["enum"]:
            yield f"{at}: choice"
        if metadata.get("pattern") and not re.search(metadata["pattern"], value):
            yield f"{at}: pattern"
