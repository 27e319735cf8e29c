"""JSON, YAML and CSV in the texts of models, read stage by stage."""
