"""Clients of the first Assistants API, of November 2023 to 2024 (reference, section 11).

They have addresses of their own (``urls``), to which the door sends whoever does not say ``assistants=v2``: the same
resources, with bodies in the old form mapped to the new one before anything looks at them (``bodies``), files of
assistants and messages (``assistants``, ``files``), and, for those who say ``assistants=v1``, objects in the old shapes
(``shapes``). Who says nothing may use both forms, and is answered in the new shapes.
"""
