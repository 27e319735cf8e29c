"""Whether a run may ship: rules, the baseline it is held against, and a verdict on every rule."""
