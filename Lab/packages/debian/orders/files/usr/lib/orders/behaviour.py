"""How this version behaves. The lab's bad versions bring a file of their own."""


def healthy():
    return True


def on_request():
    pass
