"""Models that run on this machine, with no key and, after the first start, no network.

    provider       the class ``EmbeddedProvider``: short honest answers from a small chat model
    weights        the file with its weights, fetched at the first start
    server         the process that runs it, shared by all processes of a data folder
    tool_choice    makes it call tools, by the questions in ``tool_prompts``; ``plain_turns`` simplifies what it reads
    slots          the queue before it
    without_model  quotations where there is no model
    status         whether there is one
    embedder       two much smaller models: vectors for the search in files

Nothing is imported here: the children import this package and must stay light.
"""
