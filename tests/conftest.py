import signal


def pytest_configure() -> None:
    """A run started in the background inherits an ignored Ctrl-C, and so would every command it tests."""
    signal.signal(signal.SIGINT, signal.default_int_handler)
