"""What is tried at the service, a family in each file; they decide by what they see on the wire alone."""
