"""An embedded, Ango-Hub-compatible server for demos and tests (aiohttp + SQLite)."""
