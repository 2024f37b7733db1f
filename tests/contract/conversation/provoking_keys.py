"""How each refusal comes about that RotateKeys documents."""

from contract.conversation.provoking import Provocation, at_once

from maskline.conversation.v1 import deployment_pb2 as pb
from support.conversation_calls import ask

TABLE: dict[str, dict[str, Provocation]] = {
    "RotateKeys": {
        "INVALID_ARGUMENT": at_once(
            lambda service: ask(service.deployment.RotateKeys, pb.RotateKeysRequest(page_token="x"))
        ),
    },
}
