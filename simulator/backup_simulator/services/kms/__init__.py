"""KMS: keys, their aliases, policies and grants."""
