"""A thread as its page lists it: rows turned into values that templates need.

history              a stretch of a thread in order
  messages             questions and answers, with their files and sources
    run_details          what stands beside the messages of a run
items                the values: questions, answers, code steps, endings of runs
code_calls, generated_files, cited_sources
                     their parts
"""
