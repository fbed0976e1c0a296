"""The importer as a plugin of Ango Hub: sessions that the Hub sends, run within walls; read `session` first."""
