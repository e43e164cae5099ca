"""The example project: chess world champions, their matches, and the Olympiads."""
