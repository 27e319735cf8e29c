"""Scene graphs of captions: objects, their attributes and their relations."""
