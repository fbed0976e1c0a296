"""A row and its polygons to one import item, on all cores."""
