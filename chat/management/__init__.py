"""The door for operators: the ``manage.py`` commands and the server that they start.

commands            ``serve``, ``chat``, ``ingest``, ``createapikey``, ``backup``, ``restore``, ``move_to_postgres``
transfer            an installation into an archive, out of one, or into PostgreSQL and a bucket
server              Daphne, with ``request_bodies``, ``housekeeping`` and the sandbox of ``sandbox_supervisor``
tasks               what jobs do on PostgreSQL: sweeps, and calls to look for files
http_channel        a connection, whose requests are bounded by ``request_limits``
console             the chat in a terminal
ingest_job          files of a disk put into a store; ``readable_files`` picks them
users               the user that a command acts for
"""
