"""HTTP servers: limits of connections and HTTPS."""
