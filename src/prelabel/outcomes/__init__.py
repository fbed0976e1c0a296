"""What became of each row, on the way and at the end."""
