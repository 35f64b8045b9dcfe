"""The program with every exchange at a port of this machine: ``python -m exchange_server PORT ARGUMENTS``."""

import sys
import time

from exchange_server import at_port
from rebal import cli
from rebal.exchange import Network

port, *arguments = sys.argv[1:]
sys.exit(cli.run(arguments, network=Network(time.monotonic, time.sleep, lambda: at_port(int(port)))))
