"""How an intent is carried out: load, decide, commit, and again after a lost race."""
