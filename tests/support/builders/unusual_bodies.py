"""Bodies that people send and that are easily changed on the way."""

UNUSUAL_BODIES = [
    "\U0001f44d\U0001f3fd \U0001f468\u200d\U0001f469\u200d\U0001f467",
    "\u0634\u0643\u0631\u0627 \u202b\u05e9\u05dc\u05d5\u05dd\u202c",
    "e\u0301 a\u030a Z\u0335\u0321\u034b\u0301",
    "line\nline\r\n\ttab",
    "  space before and behind  ",
    "\u201csmart\u201d \u2018quotes\u2019 \u2026",
    "\u2028\u2029\ufeff\u200b.",
    "\ue000\ufffd\U000f0000",
    "\x7f\x85\x9f.",
    "x" * 1400,
    "\U0001f44d" * 350,
]
