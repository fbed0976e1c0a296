"""Mask references to bytes, bytes to runs."""
