"""Serves moto, which answers as AWS does, on a free port until its input ends; prints the port.

https://docs.getmoto.org/en/latest/docs/server_mode.html
"""
import sys

from moto.server import ThreadedMotoServer

server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
server.start()
print(server.get_host_and_port()[1], flush=True)
sys.stdin.read()
server.stop()
