"""Real servers for the integration suites: a CA, its DNS, web servers, and the daemon under test.

Everything runs on loopback, on ports or in a network of its own, in a temporary folder; every process is ended by its own id.
"""
