"""How long faults last, and the services' settings that they have to fit.

Past these nobody could know: a carrier that shows its record only after the last look, or takes a
request after its sender gave it up for good, makes a second copy unavoidable. No fault does.
"""

# The sender gives a send up after this, and a carrier that hangs hangs longer.
SEND_TIMEOUT_SECONDS = 3.0
GIVEN_UP_SECONDS = SEND_TIMEOUT_SECONDS + 7.0
LONGEST_SLOW_SECONDS = SEND_TIMEOUT_SECONDS - 1.0

# Looks into the carrier's records, from when a send became unknown.
LOOKUPS_SECONDS = (0.5, 1.0, 2.0, 6.0)
# Records, receipts and callbacks come this late at most: the last look finds what there is.
LONGEST_LATE_SECONDS = 4.0
# Shorter than the last two looks are apart: one of them gets through.
LONGEST_HARM_SECONDS = 1.5

LONGEST_DOWN_SECONDS = 3.0
# Four times more after the first: what a restart takes is bridged, a longer outage is not.
RESEND_SECONDS = 2.0
# How often what never arrived is looked for.
RECOVERY_SECONDS = 3
# Far above what the phones type: these runs are about faults, not about waiting for a turn.
SENDS_PER_SECOND = 100.0
LOOKUPS_PER_SECOND = 50.0
