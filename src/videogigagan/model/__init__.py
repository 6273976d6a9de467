"""The paper's networks, in the order in which data flows."""
