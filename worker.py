"""Worker entry: `python worker.py [--burst] [--workers N]`. The work itself is in crm/events."""

import sys

from crm.worker_process import main

if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
