"""How a run runs. ``transcript`` makes turns of rows, ``loop`` asks the model, ``recorder`` writes and tells what came,
``endings`` closes a run, ``worker`` claims runs and watches over them, ``follow`` lets a door listen.
"""
