"""What an import is given, read and tied together: config, CSV, ontology, answers."""
