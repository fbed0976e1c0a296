"""Runs to polygons."""
