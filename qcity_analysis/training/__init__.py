"""The forecaster's prior: fitted to a bank of real series, validated, and described in a model card."""
