"""Classes in answers, and how sure the model was."""
