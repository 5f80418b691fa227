"""Everthread's one app: a room for each kind of knowledge, and who may import whom.

    admin | api | web | management | checks      the doors: translate in, call one action, translate out
      downloads | sockets | data_folder          stored files on their way out; what both websockets share; the disk
      actions                                    what anyone can do: sync, atomic, owner-checked
        engine                                   how a run runs: transcript, loop, recorder, worker, follow
          tools                                    what a model may use
            retrieval                              finding a passage
              background                           threads and workers beside the event loop
                models                             what we keep
                  providers                        how we talk to a model
                    documents | sandbox            how we read a file; how we run code that we do not trust
                      events                       what happened, and who hears it
                        errors                     every refusal

Imports point down only; rooms on one line never import each other. ``documents``, ``sandbox``, ``events``,
``providers``, ``errors`` and ``engine.turn.loop`` know no Django. ``.importlinter`` holds this plan and ``make check``
compares.

A line knows its room: knows a caller → a door. Decides what someone may do → actions. Remembers → models. Makes sense
without Django → documents, providers, sandbox, events, engine.turn.loop.
"""

__version__ = "0.1.0"
