"""Targets and whether they will be met: pace, assessment of one target, scorecard of a plan."""
