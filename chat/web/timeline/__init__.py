"""A thread as its page lists it: rows turned into values that templates need.

history                    a stretch of a thread in order: questions and answers, code, endings of runs
items                      their values
code_calls, cited_sources, run_endings  their parts
"""
