"""The Hub's half of plugin sessions: who is connected, what is sent to a plugin, what it logs and answers."""
