"""IAM: roles, users, policies, providers, and what they would allow."""
