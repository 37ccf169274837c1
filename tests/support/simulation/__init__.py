"""A whole payment service in one thread: seeded chance, a clock that is moved by hand, and every fault that we know."""
