"""What the local hub keeps, and how it reads and changes it."""
