"""Money as the house knows it: payments, their life, and renewals that are charged again; no word about SMS."""
