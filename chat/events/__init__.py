"""What happened, and who hears it. ``types`` is the closed list of events, ``bus`` carries them inside this process."""
