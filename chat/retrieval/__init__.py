"""Finding a passage: files in stores become passages that can be searched for.

``ingestion`` does so in the background for all that wait, ``indexing`` for one: ``sections`` reads, ``cutting`` makes
rows, ``embedding`` their vectors, unless there is something for ``copying``. ``holds`` sees to it that only one worker
writes, ``emptying`` removes what cannot be found any more, ``renewal`` has stores read anew whose model has changed.

``search`` finds: ``keywords`` by words, ``vectors`` by meaning, ``filters`` among the files whose attributes fit.
"""
