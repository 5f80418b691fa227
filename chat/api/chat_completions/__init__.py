"""Chat Completions: requests passed on to a provider's server, or answered by our own models and by assistants.

forwarding   passes a request on, and its reply back
bodies       what our own models and assistants read of a body; ``turns`` makes a request to a model of it
conversation makes a request to an assistant of it
run_answer   what a run of an assistant says and does, as pieces of an answer; ``words`` of its citations and steps
completion   an answer in pieces as one object or as chunks, which ``responses`` sends
"""
