"""The attachments of a text that is typed: addresses, or files in base64."""

import base64
import re
from collections.abc import Mapping

from simulator.control.bodies import Fields
from simulator.control.problems import BadRequest
from simulator.media.attachments import MAX_MEDIA, guessed_type, is_http_url, media_at
from simulator.media.files import Attachment, File

# Flowroute docs: up to 15 MB come in, though most operators stop at 1.5 MB.
MAX_FILES_BYTES = 15 * 1024 * 1024

_FILE_FIELDS = {"content", "mime_type", "file_name"}
_MIME_TYPE = re.compile(r"[a-z0-9.+-]{1,60}/[a-z0-9.+-]{1,60}")
# It becomes the end of an address, in which dots alone would be a way up.
_FILE_NAME = re.compile(r"(?!\.{1,2}$)[^/\\\x00-\x1f\ud800-\udfff]{1,100}")


def attachments(fields: Fields) -> tuple[Attachment, ...]:
    """What a text brings. Raises BadRequest."""
    listed = fields.get("media", [])
    if not isinstance(listed, list) or len(listed) > MAX_MEDIA:
        raise BadRequest(f"'media' must be a list of at most {MAX_MEDIA} addresses or files.")
    found = tuple(_attachment(one) for one in listed)
    if sum(len(one.content) for one in found if isinstance(one, File)) > MAX_FILES_BYTES:
        raise BadRequest(f"The files of a text may have at most {MAX_FILES_BYTES} bytes in all.")
    return found


def _attachment(value: object) -> Attachment:
    if isinstance(value, str) and is_http_url(value):
        return media_at(value)
    if isinstance(value, dict) and value.keys() <= _FILE_FIELDS:
        return _file(value)
    raise BadRequest(
        "'media' must hold http or https addresses, or files as"
        ' {"content": base64, "mime_type", "file_name"}.'
    )


def _file(value: Mapping[str, object]) -> File:
    file_name = _name(value.get("file_name", "attachment"))
    mime_type = value.get("mime_type", guessed_type(file_name))
    if not isinstance(mime_type, str) or not _MIME_TYPE.fullmatch(mime_type):
        raise BadRequest("'mime_type' must be a media type such as image/png.")
    return File(file_name, mime_type, _content(value.get("content")))


def _name(value: object) -> str:
    if not isinstance(value, str) or not _FILE_NAME.fullmatch(value):
        raise BadRequest("'file_name' must be the name of a file without its folder.")
    return value


def _content(value: object) -> bytes:
    try:
        return base64.b64decode(value if isinstance(value, str) else "?", validate=True)
    except ValueError:
        raise BadRequest("'content' must be a file in base64.") from None
