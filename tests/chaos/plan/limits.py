"""How long faults last, and the services' settings that they have to fit.

Beyond these limits a second copy or a loss is unavoidable: if the carrier shows a record only after
the last look-up, or accepts a request after its sender has given up for good.
"""

# A sender gives up after this; a carrier that hangs does so for longer.
SEND_TIMEOUT_SECONDS = 3.0
GIVEN_UP_SECONDS = SEND_TIMEOUT_SECONDS + 7.0
LONGEST_SLOW_SECONDS = SEND_TIMEOUT_SECONDS - 1.0

# Look-ups in the carrier's records, counted from the uncertain send.
LOOKUPS_SECONDS = (0.5, 1.0, 2.0, 6.0)
# Records, receipts and callbacks are at most this late: the last look-up finds them.
LONGEST_LATE_SECONDS = 4.0
# Shorter than the time between the last two look-ups: one of them succeeds.
LONGEST_DISRUPTION_SECONDS = 1.5

LONGEST_DOWN_SECONDS = 3.0
# Longer than the lease of an outbox.
LONGEST_WRONG_CLOCK_SECONDS = 15.0
# Four times after the first: enough for a restart, not for a longer outage.
RESEND_SECONDS = 2.0
# Interval of reconciliation.
RECOVERY_SECONDS = 3
# Far above what the phones type: rate limits have tests of their own.
SENDS_PER_SECOND = 100.0
LOOKUPS_PER_SECOND = 50.0
