"""The built-in embedder: all-MiniLM-L6-v2, an English model of 22 million weights, on one core.

    embedder       the class ``MiniLM``
    wordpiece      splits text into the model's word pieces, and into ranges that it can read whole
    weights        finds the model's file
    child          runs the model in a process of its own
    model_process  starts that process and asks it, in the ``frames`` that both know

Nothing is imported here: the child imports this package and must stay light.
"""
