"""Does what was imported fit together? The rules R1 to R12, what breaks them, and the renewals that they stop."""
