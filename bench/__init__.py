"""The benchmark: Maskline against a skeleton of the same hops, and the cost of encryption."""
