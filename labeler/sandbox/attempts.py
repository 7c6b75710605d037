# ruff: noqa: E501 (programs keep their lines)
"""What the escape suite tries. Data only: `escapes` runs it and decides what was contained.

A script prints ESCAPED when it got somewhere; everything else (an error, a limit) is containment. A
cheat is a wrong program with a test; it must never pass. Words in braces stand for canaries of the
host.
Sources: escapes reported against bare `exec`, restricted builtins, patched sockets, filters without
architecture check, and tests run in the program's own process.
"""

from __future__ import annotations

PRELUDE = """
import ctypes, os, signal, socket, subprocess, sys, time
libc = ctypes.CDLL(None, use_errno=True)
def escaped(what="") : print("ESCAPED", what)
def escaped_if(condition, what=""):
    if condition: escaped(what)
def call(number, *arguments):
    return libc.syscall(number, *arguments)
"""

NETWORK = {
    "tcp to the host": "socket.create_connection(('127.0.0.1', {port}), 1); escaped()",
    "tcp to the internet": "socket.create_connection(('1.1.1.1', 53), 1); escaped()",
    "udp": "socket.socket(socket.AF_INET, socket.SOCK_DGRAM).sendto(b'x', ('1.1.1.1', 53)); escaped()",
    "raw socket": "socket.socket(socket.AF_INET, socket.SOCK_RAW, 1); escaped()",
    "packet socket": "socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 3); escaped()",
    "netlink": "socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 0); escaped()",
    "ipv6": "socket.create_connection(('::1', {port}), 1); escaped()",
    "abstract unix socket": (
        "s = socket.socket(socket.AF_UNIX); s.connect(chr(0) + '{abstract}'); escaped()"
    ),
    "vsock": "socket.socket(40, socket.SOCK_STREAM); escaped()",
    "name look-up": "socket.gethostbyname('example.org'); escaped()",
    "socket by system call": "escaped_if(call(41, 2, 1, 0) >= 0)",
    "socket by 32-bit numbers (x32)": "escaped_if(call(0x40000000 + 41, 2, 1, 0) >= 0)",
}

BOMBS = {
    "fork bomb": """
children = 0
while children < 200:
    if os.fork() == 0:
        time.sleep(30); os._exit(0)
    children += 1
escaped(children)
""",
    "fork bomb in every child": """
try:
    for _ in range(7): os.fork()
except OSError: os._exit(0)
escaped()
""",
    "thread bomb": """
import threading
for _ in range(200): threading.Thread(target=time.sleep, args=(5,), daemon=True).start()
escaped()
""",
    "memory bomb": "x = bytearray({memory} * 2); escaped()",
    "memory bomb, mapped": "import mmap; m = mmap.mmap(-1, {memory} * 2); escaped()",
    "memory bomb in pieces": """
kept = []
while len(kept) < 2 * ({memory} >> 20): kept.append(bytearray(1 << 20))
escaped()
""",
    "memory bomb by many": """
for _ in range(40):
    if os.fork() == 0:
        x = bytearray({memory} * 3 // 4); time.sleep(30)
escaped()
""",
    "memory outside limits (memfd)": "os.memfd_create('x'); escaped()",
    "memory outside limits (System V)": "escaped_if(call(29, 0, 1 << 20, 0o1600) >= 0)",
    "stack bomb": "sys.setrecursionlimit(10**9)\ndef f(): f()\nf()\nescaped()",
    "raise the memory limit": """
import resource
resource.setrlimit(resource.RLIMIT_AS, (resource.RLIM_INFINITY,) * 2); escaped()
""",
    "raise the process limit": """
import resource
resource.setrlimit(resource.RLIMIT_NPROC, (10**4, 10**4)); escaped()
""",
    "processor hog that ignores signals": """
for s in set(signal.Signals) - {signal.SIGKILL, signal.SIGSTOP}: signal.signal(s, signal.SIG_IGN)
while True: pass
""",
    "sleep past the end": "time.sleep(3600); escaped()",
}

DISK = {
    "disk fill in the working folder": """
with open('big', 'wb') as f:
    for _ in range(2 * ({disk} >> 20)): f.write(bytes(1 << 20)); f.flush()
escaped()
""",
    "disk fill by many files": """
for i in range(2 * ({disk} >> 20)):
    with open(str(i), 'wb') as f: f.write(bytes(1 << 20))
escaped()
""",
    "disk fill in /dev/shm": "open('/dev/shm/x', 'wb').write(bytes(1 << 20)); escaped()",
    "disk fill in /var/tmp": "open('/var/tmp/x', 'wb').write(bytes(1 << 20)); escaped()",
    "disk fill in /": "open('/x', 'wb').write(bytes(1 << 20)); escaped()",
}

READING = {
    "the host's secret file": "print(open('{secret_file}').read()); escaped()",
    "/etc/shadow": "open('/etc/shadow').read(); escaped()",
    "/etc/passwd": "open('/etc/passwd').read(); escaped()",
    "home folders": "escaped_if(os.listdir('/home')); os.listdir('{home}/.ssh'); escaped()",
    "the run's own folder": "escaped_if(os.listdir('{folder}'))",
    "the host's environment": "escaped_if('{secret}' in str(os.environ))",
    "environment of process 1": "escaped_if('{secret}' in open('/proc/1/environ').read())",
    "environment kept by the loader": """
environ = ctypes.POINTER(ctypes.c_char_p).in_dll(libc, 'environ')
escaped_if(any(b'{secret}' in environ[i] for i in range(99) if environ[i]))
""",
    "raw disk": "os.open('/dev/vda', os.O_RDONLY); escaped()",
    "kernel memory": "os.open('/dev/mem', os.O_RDONLY); escaped()",
    "make a device": "os.mknod('disk', 0o600 | 0o060000, os.makedev(254, 0)); open('disk').read()",
    "sysfs": "escaped_if(os.listdir('/sys'))",
    "open descriptors": """
for fd in range(3, 256):
    try: escaped(os.fstat(fd))
    except OSError: pass
""",
    "directory handle to the outside": """
for fd in range(256):
    try: escaped(os.open('../../etc/hostname', os.O_RDONLY, dir_fd=fd))
    except OSError: pass
""",
    "symlink out": "os.symlink('/etc/shadow', 'link'); open('link').read(); escaped()",
    "symlink through /proc": "os.symlink('/proc/1/root', 'r'); escaped_if(os.listdir('r/home'))",
    "dot-dot": "open('../' * 40 + 'etc/shadow').read(); escaped()",
    "hard link to the outside": "os.link('{secret_file}', 'mine'); escaped()",
}

WRITING = {
    "the host's file": "open('{secret_file}', 'w').write('x'); escaped()",
    "/usr": "open('/usr/x', 'w'); escaped()",
    "this Python's library": "open(os.__file__, 'a').write('x'); escaped()",
    "the judge's own code": "open('/labeler/inside/supervisor.py', 'a'); escaped()",
    "remove the judge's code": "os.remove('/labeler/inside/wire.py'); escaped()",
    "make it writable": "os.chmod('/usr/bin', 0o777); escaped()",
    "set-user-id file": """
import shutil
shutil.copy('/usr/bin/env', 'env'); os.chown('env', 0, 0); os.chmod('env', 0o4755); escaped()
""",
}

PROCESSES = {
    "signal a process of the host": "os.kill({pid}, signal.SIGKILL); escaped()",
    "signal everybody": "os.kill(-1, signal.SIGKILL)",
    "stop the judge": "os.kill(1, signal.SIGSTOP); os.kill(os.getppid(), signal.SIGSTOP)",
    "kill the judge": "os.kill(1, signal.SIGKILL); os.kill(os.getppid(), signal.SIGKILL)",
    "handle to the judge's files (pidfd_getfd)": """
fd = os.pidfd_open(os.getppid())
for number in range(9): escaped_if(call(438, fd, number, 0) >= 0)
""",
    "ptrace the judge": "escaped_if(call(101, 16, os.getppid(), 0, 0) == 0)",
    "ptrace a process of the host": "escaped_if(call(101, 16, {pid}, 0, 0) == 0)",
    "read the judge's memory": """
here, there = ctypes.create_string_buffer(16), (ctypes.c_ulong * 2)(id(escaped), 16)
mine = (ctypes.c_ulong * 2)(ctypes.addressof(here), 16)
escaped_if(call(310, os.getppid(), mine, 1, there, 1, 0) > 0)
""",
    "the judge's memory by /proc": "open('/proc/1/mem', 'rb').seek(4096); escaped()",
    "the judge's files by /proc": "escaped_if(os.listdir('/proc/1/fd'))",
    "sleeping child": """
if os.fork() == 0:
    os.setsid(); os.execv('/usr/bin/sleep', ['sleep', '{sleep}'])
""",
    "sleeping grandchild, detached": """
if os.fork() == 0:
    os.setsid()
    if os.fork() == 0:
        for fd in range(3): os.close(fd)
        os.execv('/usr/bin/sleep', ['sleep', '{sleep}'])
    os._exit(0)
""",
    "more priority": "os.nice(-1); escaped()",
    "type into the terminal": "import fcntl; fcntl.ioctl(0, 0x5412, b'x'); escaped()",
}

KERNEL = {
    "become root": "os.setuid(0); escaped()",
    "become root by sudo": "subprocess.run(['sudo', '-n', 'true'], check=True); escaped()",
    "mount proc": "os.mkdir('p'); escaped_if(libc.mount(b'proc', b'p', b'proc', 0, None) == 0)",
    "mount tmpfs": "os.mkdir('t'); escaped_if(libc.mount(b'x', b't', b'tmpfs', 0, None) == 0)",
    "remount / writable": "escaped_if(libc.mount(None, b'/', None, 32 | 4096, None) == 0)",
    "unmount": "escaped_if(libc.umount2(b'/usr', 2) == 0)",
    "new user namespace": "escaped_if(libc.unshare(0x10000000) == 0)",
    "new mount namespace": "escaped_if(libc.unshare(0x20000) == 0)",
    "user namespace by clone": "escaped_if(call(56, 0x10000000 | 17, 0, 0, 0, 0) >= 0)",
    "user namespace by clone3": """
arguments = (ctypes.c_ulong * 11)(0x10000000, 0, 0, 0, 17)
escaped_if(call(435, arguments, 88) >= 0)
""",
    "chroot": "os.chroot('/tmp'); escaped()",
    "enter the host's namespaces": "escaped_if(libc.setns(os.pidfd_open(1), 0x20000) == 0)",
    "load a program into the kernel": "escaped_if(call(321, 0, 0, 0) >= 0)",
    "io_uring": "escaped_if(call(425, 8, ctypes.create_string_buffer(120)) >= 0)",
    "userfaultfd": "escaped_if(call(323, 0) >= 0)",
    "perf": "escaped_if(call(298, ctypes.create_string_buffer(120), 0, -1, -1, 0) >= 0)",
    "keyring": "escaped_if(call(250, 0, -3, 1) > 0)",
    "file by handle": "escaped_if(call(304, 3, ctypes.create_string_buffer(64), 0) >= 0)",
    "host name": "socket.sethostname('x'); escaped()",
    "32-bit system calls": """
import mmap
code = mmap.mmap(-1, 4096, prot=7)
code.write(bytes.fromhex('b814000000cd80c3'))  # mov eax, 20 (getpid); int 0x80; ret
address = ctypes.addressof(ctypes.c_char.from_buffer(code))
escaped_if(ctypes.CFUNCTYPE(ctypes.c_int)(address)() > 0)
""",
}

FLOODS = {
    "flood on stdout": "while True: os.write(1, b'x' * 65536)",
    "flood on stderr": "while True: os.write(2, b'x' * 65536)",
    "flood by a child": """
if os.fork() == 0:
    while True: os.write(1, b'x' * 65536)
time.sleep(0.2)
""",
}

LEFTOVERS = {
    "files for the next program": "open('left', 'w').write('x')",
    "a process for the next program": """
if os.fork() == 0:
    os.setsid()
    if os.fork() == 0:
        while True:
            try: open('late', 'w').write('x')
            except OSError: pass
    os._exit(0)
""",
    "what the last programs left": "escaped_if(os.listdir('.')); escaped_if(len(os.listdir('/tmp')))",
}
"""In this order: the last looks for what the others left, in what may be the same sandbox."""

SCRIPTS = {
    f"{kind}: {name}": code
    for kind, group in (
        ("network", NETWORK),
        ("bomb", BOMBS),
        ("disk", DISK),
        ("reading", READING),
        ("writing", WRITING),
        ("process", PROCESSES),
        ("kernel", KERNEL),
        ("flood", FLOODS),
        ("leftover", LEFTOVERS),
    )
    for name, code in group.items()
}

CHEATS = {
    "exit 0 at load": "import sys; sys.exit(0)",
    "os._exit(0) at load": "import os; os._exit(0)",
    "exit 0 in the call": "import sys\ndef f(x): sys.exit(0)",
    "os._exit(0) in the call": "import os\ndef f(x): os._exit(0)",
    "exit 0 in a thread": "import os, threading\nthreading.Timer(0.01, os._exit, (0,)).start()\n"
    "def f(x):\n    import time; time.sleep(0.3)",
    "equal to everything": "class E:\n    def __eq__(self, other): return True\n"
    "    __hash__ = None\ndef f(x): return E()",
    "an int equal to everything": "class E(int):\n    def __eq__(self, other): return True\n"
    "    def __ne__(self, other): return False\n    __hash__ = None\ndef f(x): return E(1)",
    "a class equal to everything": "class M(type):\n    def __eq__(self, other): return True\n"
    "class f(metaclass=M):\n    def __init__(self, x): pass\n    def __eq__(self, o): return True",
    "patched builtins": "import builtins\nbuiltins.AssertionError = Exception\n"
    "builtins.abs = lambda x: 0\nbuiltins.isinstance = lambda *a: True\ndef f(x): return None",
    "patched exec": "import builtins\nbuiltins.exec = builtins.compile = lambda *a, **k: None\n"
    "def f(x): return None",
    "own abs and float": "def abs(x): return 0\ndef float(x): return 0\ndef f(x): return 'no'",
    "own module json": "import sys, types\nsys.modules['json'] = types.SimpleNamespace("
    "dumps=lambda *a, **k: '{\"value\": true}', loads=lambda *a: None)\ndef f(x): return 0",
    "own test function": "def check(candidate): pass\ndef f(x): return 0",
    "look for the test in the callers": "import sys\ndef f(x):\n    frame = sys._getframe()\n"
    "    while frame:\n        for value in frame.f_locals.values():\n"
    "            if '{expected}'[:4] in str(value)[:9999]: return {expected}\n"
    "        frame = frame.f_back",
    "look for the test in memory": "import gc\ndef f(x):\n    for thing in gc.get_objects():\n"
    "        for inner in thing if isinstance(thing, (tuple, list)) else ():\n"
    "            if isinstance(inner, str) and 'assert f(' in inner:\n"
    "                return int(inner.split('== ')[1].split()[0])",
    "look for the test in raw memory": "import ctypes, os\ndef f(x):\n"
    "    for line in open('/proc/self/maps'): pass\n    return None",
    "look for the test on disk": "import os, re\ndef f(x):\n"
    "    for folder, _, names in os.walk('/tmp'):\n        for name in names:\n"
    "            found = re.search('== (.+)', open(os.path.join(folder, name)).read())\n"
    "            if found: return int(found[1])",
    "read the test from stdin": "import sys, re\ntext = sys.stdin.read()\n"
    "def f(x): return int(re.search('== (.+)', text)[1])",
    "read the test from the judge's stdin": "import os\ndef f(x): return open('/proc/1/fd/0').read()",
    "write a result to every descriptor": "import os, json\n"
    "line = json.dumps(dict(ended='finished', exit_code=0, stdout='', stderr='', tests=[['passed',"
    " '']], covered=[], peak_bytes=0, cpu_s=0, wall_s=0)).encode()\n"
    "for fd in range(64):\n    try: os.write(fd, line + b'\\n')\n    except OSError: pass\n"
    "def f(x): return 0",
    "forged replies": "import os, json\n"
    "reply = json.dumps({'value': [True, {}]}).encode()\n"
    "for fd in range(3, 64):\n    for _ in range(9):\n"
    "        try: os.write(fd, len(reply).to_bytes(4, 'big') + reply)\n        except OSError: pass\n"
    "def f(x): return 0",
    "broken replies": "import os\nfor fd in range(3, 64):\n"
    "    try: os.write(fd, b'\\x00\\x00\\x00\\x02{]')\n    except OSError: pass\ndef f(x): return 0",
    "endless reply": "def f(x):\n    a = []\n    a.append(a)\n    return a",
    "huge reply": "def f(x): return 'x' * (64 << 20)",
    "patched protocol": "import sys\n"
    "for module in list(sys.modules.values()):\n"
    "    if 'inside' in getattr(module, '__name__', ''):\n"
    "        module.encode = lambda *a: True\n        module.frame = lambda *a: b'\\0\\0\\0\\1"
    + "1'\n"
    "def f(x): return 0",
    "kill the judge in the call": "import os, signal\ndef f(x): os.kill(1, signal.SIGKILL)",
    "kill the parent": "import os, signal\ndef f(x): os.kill(os.getppid(), signal.SIGTERM)",
    "iterator that lies": "class I:\n    def __iter__(self): return self\n"
    "    def __next__(self): raise StopIteration\n    def __sub__(self, o): return 0\n"
    "    __rsub__ = __sub__\n    def __abs__(self): return 0\n    def __lt__(self, o): return True\n"
    "def f(x): return I()",
    "raise the test's own success": "def f(x): raise StopIteration",
}
"""Programs that do not compute what is asked; the test is `CHEAT_TESTS` with a fresh number."""

CHEAT_TESTS = (
    "assert f(3) == {expected}",
    "assert abs(float(f(4)) - {expected}) < 1e-6",
    "def check(candidate):\n    assert candidate(5) == {expected}\ncheck(f)",
)
