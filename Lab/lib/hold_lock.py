"""Runs in a host, given to python3 as text: takes dpkg's locks as apt does, tells systemd, holds them for argv[1] seconds."""
import fcntl
import os
import socket
import sys
import time

held = []
for path in ("/var/lib/dpkg/lock-frontend", "/var/lib/dpkg/lock", "/var/lib/apt/lists/lock"):
    held.append(open(path, "w", encoding="ascii"))
    fcntl.lockf(held[-1], fcntl.LOCK_EX | fcntl.LOCK_NB)
socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM).sendto(b"READY=1", os.environ["NOTIFY_SOCKET"])
time.sleep(int(sys.argv[1]))
