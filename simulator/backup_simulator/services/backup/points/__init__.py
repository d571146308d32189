"""Recovery points: reading, changing, and how they age."""
