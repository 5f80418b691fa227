"""What relaying a stream costs: ``python -m tests.bench.relay``, described in ``tests.bench.relay``."""
