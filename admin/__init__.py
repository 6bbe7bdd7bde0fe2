"""What staff see: pages, the guard before them, and nothing that decides."""
