"""The certificate that a service presents: one topic a module, each with the checks of its name."""
