"""Does a reader ask us to stop? The words, and how a text is read."""
