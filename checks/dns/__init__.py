"""What the domain name system says of the service's name."""
