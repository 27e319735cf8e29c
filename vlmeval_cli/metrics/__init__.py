"""The arithmetic of scores, one module per metric family."""
