"""What the gateway and the operators have agreed with us, as data: billing keys, short numbers, prefixes, codes."""
