"""AWS Account Management, as far as it tells which Regions an account has enabled."""
