"""Options of multiple choice, and which of them an answer names."""
