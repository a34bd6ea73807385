"""Published figures: tables as files, checked and loaded, and turned into annual series."""
