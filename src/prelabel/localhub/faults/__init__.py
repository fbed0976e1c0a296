"""Faults that the local hub plays on demand."""
