"""Responses of PersonService."""

from conversation_service.application.opt_out_imports import ImportResult
from conversation_service.domain.errors import ConversationError
from conversation_service.domain.model.consent import Erasure, OptOut, OptOutSource
from conversation_service.domain.model.participants import Block
from conversation_service.rpc.core.convert import timestamp
from conversation_service.rpc.core.status import item_error
from maskline.admin.v1 import person_pb2 as pb

_SOURCES = {source: pb.OptOutSource.Value(f"OPT_OUT_SOURCE_{source}") for source in OptOutSource}


def opt_out_to_proto(opt_out: OptOut | None) -> pb.OptOut:
    """The state of a person who has, or has not, opted out."""
    if opt_out is None:
        return pb.OptOut(opted_out=False)
    return pb.OptOut(
        opted_out=True,
        opt_out_time=timestamp(opt_out.time),
        source=_SOURCES[opt_out.source],
        note=opt_out.note,
    )


def import_result_to_proto(result: ImportResult) -> pb.ImportOptOutResult:
    """The state of a person after the import, or the refusal."""
    if isinstance(result, ConversationError):
        return pb.ImportOptOutResult(error=item_error(result))
    return pb.ImportOptOutResult(opt_out=opt_out_to_proto(result))


def block_to_proto(block: Block) -> pb.Block:
    return pb.Block(
        block_id=block.block_id,
        blocker_participant_id=block.blocker_id,
        blocked_participant_id=block.blocked_id,
        create_time=timestamp(block.create_time),
        conversation_id=block.conversation_id,
    )


def erasure_to_proto(erasure: Erasure) -> pb.Erasure:
    is_done = erasure.complete_time is not None
    return pb.Erasure(
        erasure_id=erasure.erasure_id,
        state=pb.ERASURE_STATE_DONE if is_done else pb.ERASURE_STATE_PENDING,
        create_time=timestamp(erasure.create_time),
        complete_time=timestamp(erasure.complete_time),
        erased_conversation_count=erasure.conversations,
        dropped_message_count=erasure.messages,
    )
