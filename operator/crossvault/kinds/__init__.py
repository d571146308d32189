"""One folder a kind of object: from its body to what is wanted, and to its status."""
