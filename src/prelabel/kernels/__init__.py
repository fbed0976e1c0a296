"""Pure jitted functions on arrays. Importing a module here compiles its kernels or loads them from disk."""
