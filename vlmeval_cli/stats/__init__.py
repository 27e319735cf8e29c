"""From statistics to scores and intervals; never sees text."""
