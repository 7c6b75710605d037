#!/bin/sh
# deltalake 1.6.6 reads every entry of the log behind the newest checkpoint twice when it opens a table in
# an object store, and history() reads all entries from the first one on, once more. The first checkpoint
# comes with version 100 by default, so a table with 20 versions takes 40 requests for entries to open.
#
#   20 versions, no checkpoint:     DeltaTable(uri) GETs 40 entries (20 expected), history() 20
#   checkpoint at version 19:       DeltaTable(uri) GETs 0 entries
#
# Seen on 29 November 2026 with Python 3.11, against moto's S3 server, which counts. Exits 1 if that
# changes. Outside CI.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/python" -m pip install --quiet --disable-pip-version-check \
    "deltalake==1.6.6" "pyarrow==26.0.1" "moto[server]==5.2.5" "httpx==0.28.1"
cat > "$folder/server.py" <<'PYTHON'
import sys

from moto.moto_server import threaded_moto_server
from moto.server import ThreadedMotoServer


class Counting(threaded_moto_server.DomainDispatcherApplication):
    entries = 0

    def __call__(self, environ, start_response):
        path = environ["PATH_INFO"]
        if path == "/asked":
            start_response("200 OK", [("Content-Type", "text/plain")])
            return [str(Counting.entries).encode()]
        is_entry = "_delta_log" in path and path.endswith(".json")
        Counting.entries += environ["REQUEST_METHOD"] == "GET" and is_entry
        return super().__call__(environ, start_response)


threaded_moto_server.DomainDispatcherApplication = Counting
server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
server.start()
print("http://127.0.0.1:%d" % server.get_host_and_port()[1], flush=True)
sys.stdin.read()
server.stop()
PYTHON
"$folder/venv/bin/python" - "$folder/server.py" <<'PYTHON'
import os
import subprocess
import sys

import httpx
import pyarrow as pa
from deltalake import DeltaTable, write_deltalake

# In a process of its own: some calls of deltalake hold this one's lock while they wait.
pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.DEVNULL}
server = subprocess.Popen([sys.executable, sys.argv[1]], text=True, **pipes)
address = server.stdout.readline().strip()
httpx.put(address + "/tables").raise_for_status()
os.environ |= {
    "AWS_ENDPOINT_URL": address, "AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test",
    "AWS_REGION": "us-east-1", "AWS_ALLOW_HTTP": "true",
}
options = {"aws_conditional_put": "etag"}
uri = "s3://tables/t"


def entries(work):
    before = int(httpx.get(address + "/asked").text)
    work()
    return int(httpx.get(address + "/asked").text) - before


for n in range(20):
    write_deltalake(uri, pa.table({"n": [n]}), mode="append", storage_options=options)
opened = entries(lambda: DeltaTable(uri, storage_options=options))
table = DeltaTable(uri, storage_options=options)
history = entries(table.history)
table.create_checkpoint()
with_checkpoint = entries(lambda: DeltaTable(uri, storage_options=options))
print(f"20 versions: opened with {opened} entries read, history() with {history} more")
print(f"with a checkpoint at the last version: {with_checkpoint}")
server.stdin.close()
server.wait()
sys.exit(0 if (opened, history, with_checkpoint) == (40, 20, 0) else 1)
PYTHON
