"""What a model may use. ``file_search`` and ``code_interpreter`` are ours; ``functions`` are executed by the program
that started the run.
"""
