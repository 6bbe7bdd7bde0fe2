"""Outside companies: one file each, no domain."""
