"""What happens beside the callers: the relay, the queue, the worker that carries errands, the clock."""
