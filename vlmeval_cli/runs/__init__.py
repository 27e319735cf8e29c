"""One run, from files to result: gather the items, take the answers, score them."""
