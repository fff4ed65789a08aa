"""Reports of what the system costs, each figure beside its yardstick in the same run. Nothing here passes or fails."""
