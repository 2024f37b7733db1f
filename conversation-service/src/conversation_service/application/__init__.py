"""The operations behind the RPCs: they load, decide and commit, and run what follows."""
