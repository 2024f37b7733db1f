"""What the contract says of each method, read off the protos themselves."""

import re
from pathlib import Path

from google.protobuf.descriptor import MethodDescriptor

from conversation_service.app.application import SERVICES

PROTOS = Path(__file__).parents[3] / "protos/maskline/conversation/v1"
METHODS: dict[str, MethodDescriptor] = {
    method.name: method for service in SERVICES for method in service.methods
}
# The gateway's two answer item by item, and an operator's look at all answers what it sees.
WITHOUT_LIST = {"ReceiveMessages", "ReceiveDeliveryReceipts", "CheckDeployment"}

_COMMENTED = r"((?:^  //.*\n)+)^  rpc (\w+)\("
_REASON = r"[A-Z]+(?:_[A-Z]+)+"


def errors() -> dict[str, set[str]]:
    """The reasons listed above each method, for those that list any."""
    sources = "".join(path.read_text() for path in sorted(PROTOS.glob("*.proto")))
    found = {
        method: set(re.findall(_REASON, comment.partition("Errors:")[2]))
        for comment, method in re.findall(_COMMENTED, sources, re.MULTILINE)
    }
    return {method: reasons for method, reasons in found.items() if reasons}
