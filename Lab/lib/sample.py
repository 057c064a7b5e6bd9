"""HAProxy's own view of its servers, every 100 ms: sample.py HOST_DIRECTORY CSV_FILE

Columns: time (UNIX seconds), backend, server, status, scur (current sessions), weight. While HAProxy does not answer, one
row says so: backend and server are `-`, the status is `no answer`.
"""
import csv
import glob
import os
import socket
import sys
import time

PERIOD_SECONDS = 0.1


def main(host_directory, csv_path):
    with open(csv_path, "w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(["time", "backend", "server", "status", "scur", "weight"])
        due = time.monotonic()
        while True:
            now = f"{time.time():.3f}"
            try:
                for row in servers(show_stat(host_directory)):
                    writer.writerow([now, row["# pxname"], row["svname"], row["status"], row["scur"], row["weight"]])
            except OSError:
                writer.writerow([now, "-", "-", "no answer", 0, 0])
            file.flush()
            due = max(due + PERIOD_SECONDS, time.monotonic())
            time.sleep(max(0, due - time.monotonic()))


def servers(text):
    for row in csv.DictReader(text.splitlines()):
        if row["svname"] not in ("FRONTEND", "BACKEND"):
            yield row


def show_stat(host_directory):
    """The socket is reached through the root directory of lb-1's systemd: it is another process after each boot."""
    with open(os.path.join(host_directory, "nspawn.pid"), encoding="ascii") as file:
        nspawn = file.read().strip()
    children = glob.glob(f"/proc/{nspawn}/task/*/children")
    leaders = "".join(open(path, encoding="ascii").read() for path in children).split()
    if not leaders:
        raise OSError("lb-1 is off")
    with socket.socket(socket.AF_UNIX) as connection:
        connection.settimeout(1)
        connection.connect(f"/proc/{leaders[0]}/root/run/haproxy/admin.sock")
        connection.sendall(b"show stat\n")
        parts = []
        while part := connection.recv(65536):
            parts.append(part)
    return b"".join(parts).decode("utf-8", "replace")


main(*sys.argv[1:])
