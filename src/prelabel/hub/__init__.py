"""The Hub's client: endpoints, transport, pace and retry policy."""
