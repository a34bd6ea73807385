"""Fits and validates the forecaster's prior on a corpus of real series; not part of the installed package."""
