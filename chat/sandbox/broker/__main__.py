"""Run the broker: ``python -E -s -B -m chat.sandbox.broker OPTIONS``."""

from __future__ import annotations

import sys

from chat.sandbox.broker.broker import main

main(sys.argv[1])
