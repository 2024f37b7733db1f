"""What operators do: pools, dead letters, checks of the deployment."""
