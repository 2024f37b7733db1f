"""Provokes each documented error of RotateKeys."""

from contract.conversation.errors.error_catalog.common import Provocation, directly

from maskline.conversation.v1 import deployment_pb2 as pb
from support.conversation_calls import ask

TABLE: dict[str, dict[str, Provocation]] = {
    "RotateKeys": {
        "INVALID_ARGUMENT": directly(
            lambda service: ask(service.deployment.RotateKeys, pb.RotateKeysRequest(page_token="x"))
        ),
    },
}
