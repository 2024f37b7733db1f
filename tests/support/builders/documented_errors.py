"""The errors that the comments of the protos list for each method."""

import re
from pathlib import Path

from google.protobuf.descriptor import MethodDescriptor

from conversation_service.rpc.core.permissions import SERVICES

CONTRACTS = Path(__file__).parents[3] / "protos/maskline"
# Those that the conversation service serves.
PROTOS = tuple(
    path
    for package in ("conversation", "admin", "ingest")
    for path in sorted((CONTRACTS / package / "v1").glob("*.proto"))
)
METHODS: dict[str, MethodDescriptor] = {
    method.name: method for service in SERVICES for method in service.methods
}
# Two return errors per item, the deployment check returns findings, and one does nothing.
WITHOUT_LIST = {"IngestMessages", "IngestDeliveryReceipts", "CheckDeployment", "CheckAccess"}
# Those that disclose whether a number is known.
LOOKUPS = (
    "LookupParticipant",
    "GetOptOut",
    "CreateConversation",
    "JoinConversation",
)

_COMMENTED = r"((?:^  //.*\n)+)^  rpc (\w+)\("
_REASON = r"[A-Z]+(?:_[A-Z]+)+"


def errors() -> dict[str, set[str]]:
    """The documented reasons by method; methods that list none are left out."""
    sources = "".join(path.read_text() for path in PROTOS)
    documented = {
        method: set(re.findall(_REASON, comment.partition("Errors:")[2]))
        for comment, method in re.findall(_COMMENTED, sources, re.MULTILINE)
    }
    return {method: reasons for method, reasons in documented.items() if reasons}
