"""The public pages, one module for each thing that a supporter comes for."""
