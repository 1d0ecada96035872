"""A file system of the measurement's own. What creating a file costs on ext4 depends on what was deleted in the minutes before:
the kernel steps over every inode that was freed lately."""
import contextlib
import os
import shutil
import subprocess
import tempfile


def can_have_one():
    return os.getuid() == 0 and os.path.exists("/dev/loop-control") and shutil.which("mkfs.ext4") is not None


@contextlib.contextmanager
def own_disk(mebibytes=4096):
    """Temporary folders made inside lie on a fresh ext4, if that can be had: on a loop device, as root. Yields its name."""
    if not can_have_one():
        yield "the file system of " + tempfile.gettempdir()
        return
    before = tempfile.gettempdir()
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        image, place = os.path.join(folder, "image"), os.path.join(folder, "disk")
        with open(image, "wb") as file:
            file.truncate(mebibytes * 1024 * 1024)
        os.mkdir(place)
        os.chmod(folder, 0o755)  # web servers answer as users of their own
        subprocess.run(["mkfs.ext4", "-q", "-F", image], check=True)
        subprocess.run(["mount", "-o", "loop", image, place], check=True)
        tempfile.tempdir = place
        try:
            yield "a fresh ext4 on a loop device"
        finally:
            tempfile.tempdir = before
            subprocess.run(["umount", place], check=True)
