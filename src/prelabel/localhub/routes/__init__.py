"""The local hub's HTTP routes: they read requests and write answers, and leave the rest to the store."""
