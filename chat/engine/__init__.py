"""How a run runs. ``transcript`` makes turns of rows, ``loop`` asks the model, ``recorder`` writes and tells what came,
``answering`` answers the calls that are ours (``searching`` in files, ``interpreting`` code), ``endings`` closes a run,
``worker`` claims runs and watches over them, ``follow`` lets a door listen.
"""
