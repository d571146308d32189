"""STS: sessions, and who may have them."""
