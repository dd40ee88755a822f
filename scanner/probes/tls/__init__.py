"""TLS on the wire: hellos, first flights, the sweep that sends the ones and reads the others, whole handshakes, trials."""
