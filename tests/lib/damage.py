"""damage: what happens to backups, as functions from bytes to bytes, and for directories from a
directory to its damaged copy. Deterministic: the same input gives the same damage."""
import os
import shutil

HTML = b"<!DOCTYPE html><html><head><title>403</title></head><body>Forbidden</body></html>\n"


def flip(data, at, bit=3):
    """One bit; `at` is a byte offset, or a fraction of the length."""
    at = int(len(data) * at) if isinstance(at, float) else at
    at = at + len(data) if at < 0 else at
    changed = bytearray(data)
    changed[at] ^= 1 << bit
    return bytes(changed)


def zero_block(data, at=0.5, size=4096):
    start = int(len(data) * at)
    size = min(size, len(data) - start)
    return data[:start] + bytes(size) + data[start + size:]


def swap_blocks(data, at=0.4, other=0.7, size=4096):
    a, b = int(len(data) * at), int(len(data) * other)
    changed = bytearray(data)
    changed[a:a + size], changed[b:b + size] = data[b:b + size], data[a:a + size]
    return bytes(changed)


# Of every file, whatever it is: must never pass, and whole formats must fail.
ANY_FILE = {
    "empty": lambda d: b"",
    "one byte": lambda d: d[:1],
    "100 bytes": lambda d: d[:100],
    "cut in half": lambda d: d[:len(d) // 2],
    "cut at 90 %": lambda d: d[:len(d) * 9 // 10],
    "last byte gone": lambda d: d[:-1],
    "last 8 bytes gone": lambda d: d[:-8],
    "first byte gone": lambda d: d[1:],
    "extra bytes": lambda d: d + b"garbage\n",
    "extra zeros": lambda d: d + bytes(512),
    "wrong magic": lambda d: bytes([d[0] ^ 0x20]) + d[1:],
    "an HTML page": lambda d: HTML,
    "a foreign file": lambda d: open("/bin/true", "rb").read(),
    "only zeros": lambda d: bytes(len(d)),
    "zeros at the end": lambda d: d[:len(d) * 3 // 4] + bytes(len(d) - len(d) * 3 // 4),
}

# Of files that a checksum covers: must fail.
COVERED = {
    **{f"bit flipped at {p} %": (lambda d, p=p: flip(d, p / 100)) for p in range(3, 100, 8)},
    "a flip in the last byte": lambda d: flip(d, -1, 0),
    "4 KiB of zeros": zero_block,
    "two blocks swapped": swap_blocks,
}


def _link(source, to):
    try:
        os.link(source, to, follow_symlinks=False)
    except OSError:  # another file system, or another owner's
        shutil.copy2(source, to, follow_symlinks=False)


def copy_tree(source, to):
    """The files are the same ones by another name, which is far cheaper: change one by write() alone."""
    shutil.rmtree(to, ignore_errors=True)
    shutil.copytree(source, to, symlinks=True, copy_function=_link)
    return to


def write(path, data):
    """Into a new file of that name."""
    if os.path.exists(path):
        os.unlink(path)
    with open(path, "wb") as f:
        f.write(data)


def rewrite(path, change):
    with open(path, "rb") as f:
        data = f.read()
    write(path, change(data))


def largest(directory, suffix=""):
    """The largest file below a directory, relative to it."""
    found = []
    for where, _, names in os.walk(directory):
        for name in names:
            path = os.path.join(where, name)
            if name.endswith(suffix) and not os.path.islink(path):
                found.append((os.path.getsize(path), os.path.relpath(path, directory)))
    return max(found)[1]
