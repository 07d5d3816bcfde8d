"""`make bench`: speed and memory, as ratios and figures. Nothing here is a timed test; a slow machine fails nothing."""
