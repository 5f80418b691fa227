"""Clients of the first Assistants API, of November 2023 to 2024 (reference, section 11).

The middleware sends every client without ``assistants=v2`` to these addresses (``urls``): the same resources, with
bodies of the old form converted to the new one before validation (``bodies``), files of assistants and messages
(``assistants``, ``files``), and, for clients with ``assistants=v1``, objects in the old shapes (``shapes``). Clients
without the header may use both forms and get the new shapes.
"""
