"""Commands: what people, clients, operators and the system want done, each decided without I/O."""
