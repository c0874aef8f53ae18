"""The API: what other systems of the publisher, and programs of readers, may ask. Source: behaviour.md 5."""
