"""`make run`: an embedded Redis-compatible server and all of Maskline as processes."""
