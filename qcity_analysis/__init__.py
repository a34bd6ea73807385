"""Will a plan's target be met? Checked probabilities from a handful of published yearly figures."""

__version__ = "0.1.0"
