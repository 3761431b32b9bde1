"""Whether what is so is acceptable: one small function for each rule, one file for each kind of facts."""
