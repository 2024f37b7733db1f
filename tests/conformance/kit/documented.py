"""The contract: methods from the stubs, errors and statuses from the comments of the protos."""

import re
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from pkgutil import iter_modules

import grpc
from google.protobuf.descriptor import MethodDescriptor

from maskline.conversation.v1.error_reason_pb2 import ErrorReason

PACKAGES = ("maskline.conversation.v1", "maskline.admin.v1", "maskline.ingest.v1")
PROTOS = Path(__file__).parents[3] / "protos"
REASON_PREFIX = "ERROR_REASON_"

_METHOD = r"((?:^  //.*\n)+)^  rpc (\w+)\("
_REASON = r"[A-Z]+(?:_[A-Z]+)+"
_VALUE = rf"((?:^  //.*\n)+)^  {REASON_PREFIX}(\w+) ="


def _methods() -> Iterator[MethodDescriptor]:
    for package in PACKAGES:
        for module in iter_modules(import_module(package).__path__):
            if module.name.endswith("_pb2"):
                file = import_module(f"{package}.{module.name}").DESCRIPTOR
                for service in file.services_by_name.values():
                    yield from service.methods


def _comments(pattern: str, name: str = "*.proto") -> dict[str, str]:
    """The comment above each name, its lines joined."""
    folders = [PROTOS / package.replace(".", "/") for package in PACKAGES]
    files = [path for folder in folders for path in sorted(folder.glob(name))]
    sources = "".join(path.read_text() for path in files)
    found = re.findall(pattern, sources, re.MULTILINE)
    return {name: re.sub(r"\s*//\s*", " ", comment).strip() for comment, name in found}


# Every method that a client of the conversation service may call, by its name.
METHODS = {method.name: method for method in _methods()}

# The reasons that each method lists, for those that list any.
ERRORS = {
    method: reasons
    for method, comment in _comments(_METHOD).items()
    if (reasons := set(re.findall(_REASON, comment.partition("Errors:")[2])))
}

_NAMES = ErrorReason.DESCRIPTOR.values_by_name
REASONS = {name.removeprefix(REASON_PREFIX) for name in _NAMES} - {"UNSPECIFIED"}
_REASON_COMMENTS = {
    reason: comment
    for reason, comment in _comments(_VALUE, "error_reason.proto").items()
    if reason in REASONS
}
STATUSES = {
    reason: grpc.StatusCode[comment.partition(".")[0].partition(",")[0]]
    for reason, comment in _REASON_COMMENTS.items()
}
# The metadata keys of each reason; they stand in the first sentence.
METADATA = {
    reason: set(re.findall(r'"(\w+)"', comment.partition(". ")[0]))
    for reason, comment in _REASON_COMMENTS.items()
}


def methods_with(field: str) -> set[str]:
    """The methods whose request has a field of this name."""
    return {name for name, method in METHODS.items() if field in method.input_type.fields_by_name}
