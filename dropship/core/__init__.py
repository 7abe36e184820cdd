"""Pure decisions: no clock, disk, network, randomness or logging. Time and chance are arguments."""
