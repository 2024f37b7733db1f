"""Stored form of blocks. It is not encrypted: participant ids are keyed hashes."""

import json

from conversation_service.domain.model.participants import Block
from conversation_service.store.keyspace.timestamps import from_ms, to_ms
from conversation_service.store.records.conversation import dumps

VERSION = 1


def encode_block(block: Block) -> str:
    """One line, without the conversation."""
    return dumps([VERSION, *block.participant_ids, to_ms(block.create_time)]).decode()


def decode_block(block_id: str, stored: bytes, conversation_id: str = "") -> Block:
    """The block that is stored under this id."""
    _, blocker_id, blocked_id, ms = json.loads(stored)
    return Block(block_id, blocker_id, blocked_id, from_ms(ms), conversation_id)
