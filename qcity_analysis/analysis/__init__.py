"""Beyond one answer: when, how surely, why it changed, and how many targets of a plan together."""
