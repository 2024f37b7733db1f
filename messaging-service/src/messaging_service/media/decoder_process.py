"""The process that decodes one picture: reads it, writes the result and ends.

Input: a line with the size limit of the result, then the file. Output: a line with the content type
of the result, or REFUSED and the cause, then the result.
"""

import os
import resource
import sys

# What a picture of PIXELS_LIMIT needs, and the libraries. Two such processes and the service stay
# below the container's limit in docker-compose.yml.
MEMORY_LIMIT_BYTES = 352 * 1024 * 1024

# An ordinary picture takes half a second, an animation of the largest size five.
CPU_LIMIT_SECONDS = 8

# More than a service has open: files, connections and pipes.
DESCRIPTORS_LIMIT = 65_536

REFUSED = "refused"


def main() -> None:
    """Decoders come into memory after the limits are set and the service's connections closed."""
    _limit()
    os.closerange(3, DESCRIPTORS_LIMIT)
    limit_bytes = int(sys.stdin.buffer.readline())
    content = sys.stdin.buffer.read()
    sys.stdout.buffer.write(_result(content, limit_bytes))
    sys.stdout.buffer.flush()
    # Nothing has to be tidied up.
    os._exit(0)


def _limit() -> None:
    for kind, value in (
        (resource.RLIMIT_AS, MEMORY_LIMIT_BYTES),
        (resource.RLIMIT_CPU, CPU_LIMIT_SECONDS),
        # It writes no files, and no core, which would contain the picture.
        (resource.RLIMIT_FSIZE, 0),
        (resource.RLIMIT_CORE, 0),
    ):
        resource.setrlimit(kind, (value, value))


def _result(content: bytes, limit_bytes: int) -> bytes:
    from messaging_service.media.images import strip_metadata
    from messaging_service.model.media import UnsupportedFile

    try:
        media = strip_metadata(content, limit_bytes)
    except UnsupportedFile as error:
        return f"{REFUSED} {error}\n".encode()
    return media.content_type.encode() + b"\n" + media.content


if __name__ == "__main__":
    main()
