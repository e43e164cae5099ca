"""Commands of this project, each run as ``python -m scripts.NAME``."""
