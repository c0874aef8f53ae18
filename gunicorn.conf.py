"""How gunicorn serves `app:app`: `gunicorn app:app` finds this file by itself.

PORT (8000, or host:port) and WEB_CONCURRENCY (2) come from the environment.
"""

import os

_port = os.environ.get("PORT", "8000")
bind = _port if ":" in _port else f"127.0.0.1:{_port}"

# A webhook waits for one commit: threads let the next one in meanwhile.
workers = int(os.environ.get("WEB_CONCURRENCY", "2"))
worker_class = "gthread"
threads = 8

# A request that takes longer is lost; SIGTERM lets running ones end within the same time.
timeout = 30
graceful_timeout = 30
keepalive = 5
# Each worker opens its own connections: none may be shared over a fork.
preload_app = False

limit_request_line = 4094
limit_request_fields = 60
limit_request_field_size = 8190

# The app writes one line per request itself, with numbers masked; query strings never reach a log here.
accesslog = None
errorlog = "-"
# The app reads X-Forwarded-* by CRM_TRUSTED_PROXIES; gunicorn itself believes nobody.
forwarded_allow_ips = ""

# A socket in the home directory that nobody asked for, and that two instances would share.
control_socket_disable = True
