"""The code of ours that runs inside a session: the read–eval loop of ``cell``, and the comforts of a notebook."""
