"""How good the probabilities were: hindcasts, rivals on the same questions, scores, and a ledger of what was said."""
