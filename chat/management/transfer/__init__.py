"""An installation on its way elsewhere: into an archive, out of one, or from SQLite into PostgreSQL and a bucket.

All three are one stream: the rows of all tables in one snapshot, then the stored files that they name, and at last what
both came to. A ``Sender`` (``sender.LiveInstallation``, ``archive.Archive``) yields it; ``archive.write_archive`` and
``receive.receive`` take it.

tables              which tables there are, and the one form that a value has whatever the engine
rows                rows out of a snapshot, and into a table
totals              counts and digests of rows and files
stored_files        stored files, out of one storage and into another
"""
