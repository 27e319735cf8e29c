"""Tokenisers, n-grams, stemming and normalisation of text."""
