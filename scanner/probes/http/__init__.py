"""HTTP: one exchange on a connection of its own, and walks of several."""
