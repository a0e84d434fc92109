"""A disk on which nothing lasts that was not fsynced: replays a journal of the shim.

The model is the strictest that POSIX allows.  The content of a file survives as it was at its last
fsync, a name survives as its folder was at the folder's last fsync.  Besides this cut ("strict")
there is the one that ext4 users met: names survive, content without fsync does not ("names").
What the disk held before the run has survived whole.
"""
import os
import struct

RECORD = struct.Struct('<IIII5Q')
(CREATE, MKDIR, WRITE, TRUNCATE, SYNC, RENAME, EXCHANGE, UNLINK, LINK, TIMES, SYNC_ALL,
 SAID) = range(1, 13)
CUTS = ('strict', 'names')


def records(path, used):
    """(op, inode, parent, other parent, offset, name, other name, data, calls so far), in order."""
    with open(path, 'rb') as source:
        journal = source.read(used)
    at = 0
    while at < used:
        op, name_len, other_len, data_len, inode, parent, other, offset, call = RECORD.unpack_from(
            journal, at)
        at += RECORD.size
        name = journal[at:at + name_len].decode()
        at += name_len
        other_name = journal[at:at + other_len].decode()
        at += other_len
        data = journal[at:at + data_len]
        at += data_len
        yield op, inode, parent, other, offset, name, other_name, data, call


class File:
    def __init__(self, content=b'', mtime=None):
        self.durable, self.now = bytes(content), bytearray(content)
        self.durable_mtime = self.mtime = mtime

    def sync(self):
        self.durable, self.durable_mtime = bytes(self.now), self.mtime


class Folder:
    def __init__(self):
        self.durable, self.now = {}, {}

    def sync(self):
        self.durable = dict(self.now)


class Disk:
    def __init__(self, root, syncs=True):
        """The disk as it is below root; syncs=False: fsync says yes and does nothing."""
        self.live, self.syncs, self.said = {}, syncs, False
        self.root = self.load(root)

    def load(self, path):
        about = os.stat(path)
        if os.path.isdir(path):
            node = Folder()
            for name in os.listdir(path):
                node.now[name] = self.load(os.path.join(path, name))
            node.sync()
        else:
            with open(path, 'rb') as source:
                node = File(source.read(), about.st_mtime)
        self.live[about.st_ino] = node
        return node

    def apply(self, record):
        op, inode, parent, other, offset, name, other_name, data, _ = record
        folder, other_folder = self.live.get(parent), self.live.get(other)
        node = self.live.get(inode)
        if op in (CREATE, MKDIR):
            self.live[inode] = File() if op == CREATE else Folder()
            if folder:
                folder.now[name] = self.live[inode]
        elif op == WRITE and node:
            if len(node.now) < offset:
                node.now.extend(bytes(offset - len(node.now)))
            node.now[offset:offset + len(data)] = data
        elif op == TRUNCATE and node:
            if len(node.now) < offset:
                node.now.extend(bytes(offset - len(node.now)))
            del node.now[offset:]
        elif op == SYNC and node and self.syncs:
            node.sync()
        elif op == RENAME:
            moved = folder.now.pop(name) if folder else None
            if other_folder and moved:
                other_folder.now[other_name] = moved
        elif op == EXCHANGE and folder and other_folder:
            a, b = folder.now[name], other_folder.now[other_name]
            folder.now[name], other_folder.now[other_name] = b, a
        elif op == UNLINK and folder:
            folder.now.pop(name, None)
        elif op == LINK and folder and other_folder:
            other_folder.now[other_name] = folder.now[name]
        elif op == TIMES and node:
            node.mtime = offset
        elif op == SYNC_ALL and self.syncs:
            for each in self.live.values():
                each.sync()
        elif op == SAID:
            self.said = True

    def survive(self, cut, path):
        """Make at path, an empty folder, what is found when the power is back."""
        waiting = [(self.root, path)]
        while waiting:
            folder, at = waiting.pop()
            names = folder.durable if cut == 'strict' else folder.now
            for name, node in names.items():
                below = os.path.join(at, name)
                if isinstance(node, Folder):
                    os.mkdir(below, 0o755)
                    waiting.append((node, below))
                    continue
                with open(below, 'wb') as out:
                    out.write(node.durable)
                if node.durable_mtime is not None:
                    os.utime(below, (node.durable_mtime, node.durable_mtime))
        self.modes(path)

    @staticmethod
    def modes(path):
        """The bits that the channel's private half is made with."""
        for folder, _, names in os.walk(path):
            if '/private' not in folder:
                continue
            os.chmod(folder, 0o700)
            for name in names:
                os.chmod(os.path.join(folder, name), 0o600)
