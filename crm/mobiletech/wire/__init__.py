"""The gateway's protocol as pure values: bytes in, values out, and back; no database, Flask or network."""
