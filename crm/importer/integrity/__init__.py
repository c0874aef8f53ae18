"""What must hold of an imported history before it may be charged from."""
