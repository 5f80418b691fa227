"""The events of runs and those who follow them. ``types`` lists the events, ``bus`` carries them in this process."""
