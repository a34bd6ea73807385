"""Figures from the files a bureau has: read with their places, matched by a mapping, previewed, imported."""
