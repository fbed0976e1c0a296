"""The Hub's client: transport (HTTP), pace (rate limit), retry (policy), api (endpoints)."""
