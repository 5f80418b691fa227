"""The verbs of the domain, called by all doors: sync, atomic, and every lookup through the owner.

    conversation | assistants_v1 | expiry_sweep | model_list
      assistants
        knowledge
          files
            notify | access | first_run | vanished_rows

Each shelf imports only those below it.
"""
