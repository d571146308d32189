"""The rooms: one folder for each thing that AWS needs or that is kept as declared."""
