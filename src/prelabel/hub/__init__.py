"""The Hub's client: transport (HTTP), pace (rate limit), api (endpoints), storages (where masks may lie)."""
