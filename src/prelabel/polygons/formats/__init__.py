"""Polygons as others write them: one file per output."""
