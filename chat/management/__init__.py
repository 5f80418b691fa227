"""The door for operators: the ``manage.py`` commands and the server that they start.

commands            ``serve``, ``work``, ``chat``, ``ingest``, ``createapikey``, ``backup``, ``restore``,
                    ``move_to_postgres``
set_up              what ``serve`` and ``work`` do before they begin
http_server         Daphne: connections, their bodies and limits, and how they end
workers             the work beside requests: runs, files, ``housekeeping`` (on PostgreSQL by ``tasks``), the sandbox
process_link        events of other processes
transfer            an installation into an archive, out of one, or into PostgreSQL and a bucket
console             the chat in a terminal
ingest_job          files of a disk put into a store; ``readable_files`` picks them
users               the user that a command acts for
"""
