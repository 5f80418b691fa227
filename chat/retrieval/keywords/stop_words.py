"""English words that say nothing of what a question is about."""

from __future__ import annotations

_WORDS = """
a about above after again all also am an and any are aren as at be because been before being below between both but by
can could couldn did didn do does doesn doing don down during each either else for from further get gets give given
gives had hadn has hasn have haven having he her here hers herself him himself his how i if in into is isn it its itself
just let ll may me might mine more most much must my myself neither no nor not of off on once only or other our ours
ourselves out over own please re s same shall she should shouldn so some such t tell than that the their theirs them
themselves then there these they this those through to too under until up upon us ve very was wasn we were weren what
when where which while who whom whose why will with without would wouldn you your yours yourself yourselves
"""

STOP_WORDS = frozenset(_WORDS.split())
