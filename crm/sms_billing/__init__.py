"""A paid SMS is a payment: the one floor that knows both the words over the wire and the money."""
