"""Results as figures with alternative text."""
