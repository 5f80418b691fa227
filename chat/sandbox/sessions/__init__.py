"""Sessions seen from outside: forked by a zygote, watched, and never trusted.

session        one session: runs cells and moves files
zygote         starts the process from which sessions are forked; ``zygote_process`` is what it runs
start          from a plan to a session that is ready; ``process`` is its process, ``frame_stream`` its socket
answers        checks what a session answers; ``logs`` keeps what it prints
watchdog       limits of memory, files and time; ``folders`` measures files
probe          finds the tiers of isolation that work here
"""
