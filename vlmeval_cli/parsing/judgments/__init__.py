"""Recorded verdicts on pairs of answers: who won, who was compared, who judged."""
