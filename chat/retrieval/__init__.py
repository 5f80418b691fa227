"""Finding a passage: files in stores become passages that can be searched for.

``indexing`` reads, cuts and embeds one file; ``ingestion`` does so in the background for all that wait. ``search``
finds: ``keywords`` by words, ``vectors`` by meaning, ``filters`` among the files whose attributes fit.
"""
