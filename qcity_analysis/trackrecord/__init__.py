"""How good the probabilities were: hindcasts, rules and models on the same questions, scores, and a ledger."""
