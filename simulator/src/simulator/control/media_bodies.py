"""Parses the attachments of a typed text: URLs, or files in base64."""

import base64
import re
from collections.abc import Mapping

from simulator.control.bodies import Fields
from simulator.control.problems import BadRequest
from simulator.media.attachments import MAX_MEDIA, guessed_type, is_http_url, media_at
from simulator.media.files import Attachment, File

# Flowroute docs: inbound MMS have up to 15 MB, though most operators allow 1.5 MB.
MAX_FILES_BYTES = 15 * 1024 * 1024

_FILE_FIELDS = {"content", "mime_type", "file_name"}
_MIME_TYPE = re.compile(r"[a-z0-9.+-]{1,60}/[a-z0-9.+-]{1,60}")
# The last segment of a URL: "." and ".." would change the path.
_FILE_NAME = re.compile(r"(?!\.{1,2}$)[^/\\\x00-\x1f\ud800-\udfff]{1,100}")


def attachments(fields: Fields) -> tuple[Attachment, ...]:
    """The attachments of a text. Raises BadRequest."""
    values = fields.get("media", [])
    if not isinstance(values, list) or len(values) > MAX_MEDIA:
        raise BadRequest(f"'media' must be a list of at most {MAX_MEDIA} URLs or files.")
    parsed = tuple(map(_attachment, values))
    if sum(len(item.content) for item in parsed if isinstance(item, File)) > MAX_FILES_BYTES:
        raise BadRequest(f"The files of a text may have at most {MAX_FILES_BYTES} bytes in all.")
    return parsed


def _attachment(value: object) -> Attachment:
    if isinstance(value, str) and is_http_url(value):
        return media_at(value)
    if isinstance(value, dict) and value.keys() <= _FILE_FIELDS:
        return _file(value)
    raise BadRequest(
        "'media' must hold http or https URLs, or files as"
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
        raise BadRequest("'file_name' must be the name of a file without a folder.")
    return value


def _content(value: object) -> bytes:
    try:
        return base64.b64decode(value if isinstance(value, str) else "?", validate=True)
    except ValueError:
        raise BadRequest("'content' must be a file in base64.") from None
