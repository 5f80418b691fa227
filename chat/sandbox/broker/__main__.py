"""``python -E -s -B -m chat.sandbox.broker RULES``"""

from __future__ import annotations

import sys

from chat.sandbox.broker.broker import main

main(sys.argv[1])
