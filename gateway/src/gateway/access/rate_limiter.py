"""Rate limits per client: token buckets in memory (GCRA)."""

from collections import OrderedDict

# Some 2 MB. Above this the least recently seen client is forgotten, and starts with a full bucket.
CLIENT_LIMIT = 10_000


class ClientRateLimiter:
    """A bucket per client that holds `burst` tokens and gains `per_second` of them.

    It stores the time at which a bucket will be full again instead of the number of tokens, so
    that idle buckets need no update (GCRA, ITU-T I.371).
    """

    def __init__(self, per_second: float, burst: int, client_limit: int = CLIENT_LIMIT) -> None:
        self._token_seconds = 1 / per_second
        self._spare_seconds = (burst - 1) * self._token_seconds
        self._client_limit = client_limit
        self._full_at: OrderedDict[bytes, float] = OrderedDict()

    def allow(self, client: bytes, now: float) -> bool:
        """Takes a token from the client's bucket; False if it is empty.

        `now` is in seconds of a monotonic clock.
        """
        full_at = max(self._full_at.pop(client, now), now)
        has_token = full_at - now <= self._spare_seconds
        # Last in order, with or without a token: an active client is not forgotten.
        self._full_at[client] = full_at + self._token_seconds if has_token else full_at
        if len(self._full_at) > self._client_limit:
            self._full_at.popitem(last=False)
        return has_token
