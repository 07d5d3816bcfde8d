"""The doors over HTTP: thin. Each calls one service and turns what it says into an answer."""
