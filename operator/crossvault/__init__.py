"""Keep every AWS backup of one account also in another account's vault."""
