"""A server process that stands for vLLM: it starts in no time and fails in the ways that one does.

    python -m tests.samplers.fake_engine --model DIR --port N [--fail memory|silent|port] ...

It takes the arguments of `vllm serve`, answers completions with "N:TEXT" (how many requests it has
answered before), and has a worker process in a session of its own, as engines have; both ids are
appended to FILE.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import time
from pathlib import Path

from tests.http_server import Handler, Server

OUT_OF_MEMORY = """\
INFO 11-21 14:00:00 [core.py:45] Initializing an engine
(EngineCore pid=77) Traceback (most recent call last):
(EngineCore pid=77)   File "core.py", line 5, in run_engine_core
(EngineCore pid=77) torch.OutOfMemoryError: CUDA out of memory. Tried to allocate 20.00 GiB.
Traceback (most recent call last):
  File "api_server.py", line 3, in <module>
RuntimeError: Engine core initialization failed. See root cause above.
"""


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--model", required=True)
    parser.add_argument("--served-model-name", default="")
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--pids", type=Path)
    parser.add_argument("--fail", default="")
    parser.add_argument("--pause-s", type=float, default=0.0)
    args, _ = parser.parse_known_args()
    worker = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(999)"],
                              start_new_session=True)  # fmt: skip
    if args.pids:
        with args.pids.open("a") as file:
            file.write(f"{os.getpid()} {worker.pid}\n")
    if args.fail == "memory":
        sys.exit(OUT_OF_MEMORY)
    if args.fail == "silent":
        time.sleep(999)
    serve(args)


def serve(args: argparse.Namespace) -> None:
    answered = 0

    class Asked(Handler):
        def do_GET(self):
            key = os.environ.get("VLLM_API_KEY")
            if key and self.path != "/health" and self.headers["Authorization"] != f"Bearer {key}":
                return self.say(401, {"error": "Unauthorized"})
            known = {"id": args.served_model_name or args.model, "object": "model"}
            return self.say(200, {} if self.path == "/health" else {"data": [known]})

        def do_POST(self):
            nonlocal answered
            body = self.asked()
            time.sleep(args.pause_s)
            if "messages" in body and args.fail == "no template":
                reason = "default chat template is no longer allowed, so you must provide one"
                return self.say(400, {"error": {"message": reason}})
            text = f"{answered}:{body.get('prompt', '')}"
            answered += 1
            said = {"message": {"content": text}} if "messages" in body else {"text": text}
            choices = [{"index": i, "finish_reason": "stop", **said} for i in range(body["n"])]
            usage = {"prompt_tokens": 5, "completion_tokens": 3 * body["n"]}
            return self.say(200, {"choices": choices, "usage": usage})

    Server((args.host, args.port), Asked).serve_forever()


if __name__ == "__main__":
    main()
