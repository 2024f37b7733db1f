"""How often each source may call: one bucket of tokens for each, in memory."""

from collections import OrderedDict

# Some 2 MB. Whoever calls from more addresses than that makes the gateway forget the ones that
# have not called for longest, and these begin anew with a full bucket.
SOURCE_LIMIT = 10_000


class ClientRateLimiter:
    """A bucket for each source that holds `burst` tokens and gains `per_second` of them.

    Instead of the tokens it keeps the time at which a bucket will be full again, so that nothing
    has to be counted up while nobody calls (GCRA, ITU-T I.371).
    """

    def __init__(self, per_second: float, burst: int, source_limit: int = SOURCE_LIMIT) -> None:
        self._token_seconds = 1 / per_second
        self._spare_seconds = (burst - 1) * self._token_seconds
        self._source_limit = source_limit
        self._full_at: OrderedDict[bytes, float] = OrderedDict()

    def takes(self, source: bytes, now: float) -> bool:
        """Takes a token of the source's bucket, or says that there is none.

        `now` is in seconds of a clock that never goes back.
        """
        full_at = max(self._full_at.pop(source, now), now)
        has_token = full_at - now <= self._spare_seconds
        # Behind all others, taken or not: who keeps calling is not forgotten.
        self._full_at[source] = full_at + self._token_seconds if has_token else full_at
        if len(self._full_at) > self._source_limit:
            self._full_at.popitem(last=False)
        return has_token
