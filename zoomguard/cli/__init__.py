"""The command line: one file for each topic. Staff commands talk to the service, operator commands work in process."""
