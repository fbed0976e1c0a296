"""All that is said to the Hub and heard from it: transport, pace, endpoints, batches, uploading, matching, merging."""
