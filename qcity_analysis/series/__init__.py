"""From published figures to one annual series: its levels, and what is known of it in part."""
