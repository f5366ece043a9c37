"""What every emulator needs: a clock, a server with faults at the socket, a fault script and a journal of requests."""
