"""Whether a plan's target will be met: one answer, or the reason there is none; and the scorecard of a plan."""
