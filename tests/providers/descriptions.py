"""The providers' official OpenAPI descriptions as judges of what the adapters send. They lie beside the project, not in it.

Where the folder is absent there is nothing to judge by, and no request is judged; botocore's own models (tests/providers/
aws_models.py) are always there.
"""

import json
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

from jsonschema import Draft4Validator, Draft202012Validator
from referencing import Registry, Resource
from referencing.jsonschema import DRAFT4, DRAFT202012

from tests.fakes.http import Request

FOLDER = Path(__file__).resolve().parents[2] / ".." / "shared" / "openapi"
FILES = {
    "sendgrid": "sendgrid.json",
    "mailgun": "mailgun.json",
    "postmark": "postmark.json",
    "resend": "resend.json",
    "twilio": "twilio.json",
    "vonage": "vonage_sms.json",
    "vonage-messages": "vonage_messages_sms.json",
    "telnyx": "telnyx.json",
    "infobip": "infobip_sms.json",
}
# What an adapter asks besides, which the descriptions (cuts of what sends) leave out.
BESIDES: dict[str, tuple[str, ...]] = {
    "sendgrid": ("/v3/suppression/[a-z_]+", "/v3/asm/suppressions/global", "/v3/scopes"),
    "mailgun": ("/v3/[^/]+/(bounces|complaints|unsubscribes)(/.+)?", "/v4/domains/[^/]+"),
    "postmark": ("/server", "/message-streams/[^/]+(/suppressions/dump)?"),
    "resend": ("/domains", "/suppressions"),
    "telnyx": ("/balance", "/message_detail_records"),
    "vonage": ("/account/get-balance",),
}
JSON, PARTS = "application/json", "multipart/form-data"
# Mailgun's schema takes any name with these prefixes; those that are its own are listed.
OPTIONS = ("o:", "t:")


@dataclass(frozen=True, slots=True)
class Operation:
    """One operation: its path as a pattern, what it takes, and where it stands in the document."""

    method: str
    path: re.Pattern[str]
    parameters: tuple[Mapping[str, Any], ...]
    bodies: Mapping[str, str]


class Description:
    """One file, read."""

    def __init__(self, file: Path) -> None:
        self._document = json.loads(file.read_text())
        modern = str(self._document["openapi"]).startswith("3.1")
        specification = DRAFT202012 if modern else DRAFT4
        self._validator = Draft202012Validator if modern else Draft4Validator
        resource = Resource(self._document, specification)
        self._registry: Registry[Any] = Registry().with_resource("urn:description", resource)
        self.operations = list(self._operations())

    def faults(self, request: Request) -> list[str] | None:
        """What is wrong with a request, without its values; None where the description has no such operation."""
        found = [one for one in self.operations if one.path.fullmatch(request.path)]
        operation = next((one for one in found if one.method == request.method), None)
        if operation is None:
            return [f"{request.method}: no such method"] if found else None
        return [
            *self._key_faults(request),
            *self._parameter_faults(operation, request),
            *self._body_faults(operation, request),
        ]

    def schema_faults(self, name: str, value: object) -> list[str]:
        """What is wrong with a value that should be as the schema of this name says."""
        [pointer] = [
            f"/components/schemas/{_token(key)}"
            for key in self._document["components"]["schemas"]
            if key == name or key.endswith(f".{name}")
        ]
        return self._check(pointer, value)

    def _check(self, pointer: str, value: object) -> list[str]:
        validator = self._validator({"$ref": f"urn:description#{pointer}"}, registry=self._registry)
        return [
            f"{error.json_path}: {error.validator} {error.message if error.validator in NAMES else ''}".strip()
            for error in validator.iter_errors(value)
        ]

    def _operations(self) -> Iterator[Operation]:
        # Where an adapter's own setting ends with the prefix, a test's address has none.
        prefixes = {"", *(urlsplit(server["url"]).path.rstrip("/") for server in self._document.get("servers", []))}
        for path, methods in self._document["paths"].items():
            names = re.sub(r"\\\{(\w+)\\\}", r"(?P<\1>[^/]+)", re.escape(path.rstrip("/")))
            pattern = re.compile(f"(?:{'|'.join(map(re.escape, sorted(prefixes)))}){names}")
            for method, said in methods.items():
                if method not in {"get", "post", "put", "patch", "delete"}:
                    continue
                pointer = f"/paths/{_token(path)}/{method}"
                yield Operation(
                    method.upper(),
                    pattern,
                    tuple(
                        self._resolved(each) for each in [*methods.get("parameters", []), *said.get("parameters", [])]
                    ),
                    dict(self._bodies(said, pointer)),
                )

    def _bodies(self, said: Mapping[str, Any], pointer: str) -> Iterator[tuple[str, str]]:
        body, at = said.get("requestBody", {}), f"{pointer}/requestBody"
        if "$ref" in body:
            at = body["$ref"].removeprefix("#")
        for kind in self._resolved(body).get("content", {}):
            yield kind, f"{at}/content/{_token(kind)}/schema"

    def _resolved(self, thing: Mapping[str, Any]) -> Mapping[str, Any]:
        found = thing
        while "$ref" in found:
            found = self._at(found["$ref"].removeprefix("#"))
        return found

    def _at(self, pointer: str) -> Any:
        found = self._document
        for token in pointer.strip("/").split("/"):
            found = found[token.replace("~1", "/").replace("~0", "~")]
        return found

    def _key_faults(self, request: Request) -> list[str]:
        """Without a key in the header that one of the ways to log in asks for, nobody is let in."""
        ways = self._document["components"].get("securitySchemes", {}).values()
        headers = {each["name"].lower() if each["type"] == "apiKey" else "authorization" for each in ways}
        return ["header: no key"] if headers and not headers & request.headers.keys() else []

    def _parameter_faults(self, operation: Operation, request: Request) -> Iterator[str]:
        path = operation.path.fullmatch(request.path)
        given = {
            "path": {key: unquote(text) for key, text in (path.groupdict() if path else {}).items()},
            "query": request.query,
            "header": request.headers,
        }
        declared = {each["name"] for each in operation.parameters if each["in"] == "query"}
        yield from (f"query: {name} is unknown" for name in sorted(request.query.keys() - declared))
        for each in operation.parameters:
            name = each["name"].lower() if each["in"] == "header" else each["name"]
            value = given.get(each["in"], {}).get(name)
            if value is None and each.get("required"):
                yield f"{each['in']}: {name} is missing"
            if value is not None:
                schema = self._resolved(each.get("schema", {}))
                errors = self._validator(schema, registry=self._registry).iter_errors(_typed(value, schema))
                yield from (f"{each['in']} {name}: {error.validator}" for error in errors)

    def _body_faults(self, operation: Operation, request: Request) -> list[str]:
        if not operation.bodies:
            return ["body: none is expected"] if request.body else []
        kind = request.headers.get("content-type", "").partition(";")[0].strip()
        if kind not in operation.bodies:
            return [f"content-type: {kind or 'none'} is not taken"]
        pointer = operation.bodies[kind]
        if kind == JSON:
            return [*self._unknown(pointer, request.json), *self._check(pointer, request.json)]
        pairs = request.parts if kind == PARTS else parse_qsl(request.body.decode(), keep_blank_values=True)
        return self._form_faults(pointer, pairs)

    def _unknown(self, pointer: str, body: object) -> list[str]:
        """Properties that no part of a schema has; where it is made of parts, none of them can refuse the others'."""
        schema = self._resolved(self._at(pointer))
        if not {"allOf", "oneOf", "anyOf"} & schema.keys() or not isinstance(body, dict):
            return []
        return [f"$: {name} is unknown" for name in sorted(body.keys() - set(self._names(schema)))]

    def _names(self, schema: Mapping[str, Any]) -> Iterator[str]:
        schema = self._resolved(schema)
        yield from schema.get("properties", {})
        for part in (*schema.get("allOf", ()), *schema.get("oneOf", ()), *schema.get("anyOf", ())):
            yield from self._names(part)

    def _form_faults(self, pointer: str, pairs: list[tuple[str, str]]) -> list[str]:
        """Form fields against the schema; what is repeated is a list, and options (o:, t:) only those that it names."""
        schema = self._resolved(self._at(pointer))
        properties = schema["properties"]
        found: dict[str, Any] = {}
        for name, text in pairs:
            value = _typed(text, self._resolved(properties.get(name, {})))
            if name in found or properties.get(name, {}).get("type") == "array":
                value = [
                    *(found[name] if isinstance(found.get(name), list) else [found[name]] if name in found else []),
                    value,
                ]
            found[name] = value
        patterns = [each for each in schema.get("patternProperties", {}) if schema.get("additionalProperties") is False]
        unknown = sorted(
            name
            for name in found.keys() - properties.keys()
            if name.startswith(OPTIONS) or not any(re.search(each, name) for each in patterns)
        )
        return [*(f"form: {name} is unknown" for name in unknown), *self._check(pointer, found)]


# Their messages name properties; those of the others repeat values.
NAMES = {"additionalProperties", "required"}


def _token(name: str) -> str:
    return name.replace("~", "~0").replace("/", "~1")


def _typed(text: str, schema: Mapping[str, Any]) -> object:
    """A text of a form or an address as the type that the schema wants; a list is written with commas."""
    if schema.get("type") == "array":
        return text.split(",")
    if schema.get("type") in {"integer", "number"}:
        try:
            return int(text) if schema["type"] == "integer" else float(text)
        except ValueError:
            return text
    if schema.get("type") == "boolean" and text in {"true", "false"}:
        return text == "true"
    return text


@cache
def description(name: str) -> Description:
    """The description of a provider, read once."""
    return Description(FOLDER / FILES[name])


def described() -> list[str]:
    """The providers whose description is here; none where the folder is absent."""
    return [name for name, file in FILES.items() if (FOLDER / file).is_file()]


def judge_of(name: str) -> Callable[[Request], list[str]] | None:
    """What is wrong with a request to a provider; None where nothing describes it."""
    if name not in described():
        return None

    def faults(request: Request) -> list[str]:
        found = description(name).faults(request)
        if found is not None:
            return found
        besides = BESIDES.get(name, ())
        known = request.method == "GET" and any(re.fullmatch(path, request.path) for path in besides)
        return [] if known else ["no such path"]

    return faults
