"""What each task is made of: fields, parser, metrics, diagnosis."""
