"""Tools that are asked, or listened to, all the time. Each reads what happened since its cursor, in batches; whoever
runs it sends a batch and only then keeps the cursor. The rows go through the mappers of the file imports, so a fact is
the same whichever way it came.
"""
