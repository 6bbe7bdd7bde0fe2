"""What the program does, timed beside its limits and its peers in the same run."""
