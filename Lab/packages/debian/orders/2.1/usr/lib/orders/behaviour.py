"""Version 2.1 answers well, and leaks 16 KiB of memory with each request and an open file with every fourth."""
import os

leaked = []
requests = 0


def healthy():
    return True


def on_request():
    global requests
    requests += 1
    leaked.append(bytearray(os.urandom(64)) * 256)
    if requests % 4 == 0:
        leaked.append(open("/etc/hostname", encoding="ascii"))
