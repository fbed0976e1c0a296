"""One import, convert or rollback from start to end; read `pipeline` first."""
