"""Version 2.0 runs, and says of itself that it is not healthy."""


def healthy():
    return False


def on_request():
    pass
