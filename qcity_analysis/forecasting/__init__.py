"""Short annual series ahead: the structural mixture with its prior, named alternatives, many series at once."""
