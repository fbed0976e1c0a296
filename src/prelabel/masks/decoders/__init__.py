"""From an encoded mask to runs, whatever its format."""
