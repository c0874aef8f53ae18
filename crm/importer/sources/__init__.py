"""The bytes of a file, and the rows in them; whatever they are, memory stays as it was."""
