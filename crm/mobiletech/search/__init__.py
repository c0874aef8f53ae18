"""Finding messages by the words of their text and by the end of a number."""
