"""From a mask reference to bytes: files, the web, buckets, the Hub's storages, the cell itself."""
