"""The package under test, as the target `package` makes it, from what is built."""
import glob
import os

from harness.debian import call
from harness.workspace import BUILD


def make(folder, revision):
    """A .deb of this build, its version ending in -REVISION. gzip, as it is unpacked once."""
    place = os.path.join(folder, f"revision-{revision}")
    call("cpack", "-G", "DEB", "--config", os.path.join(BUILD, "CPackConfig.cmake"), "-B", place,
         "-D", f"CPACK_DEBIAN_PACKAGE_RELEASE={revision}", "-D", "CPACK_DEBIAN_COMPRESSION_TYPE=gzip", timeout=300, cwd=BUILD)
    (made,) = glob.glob(f"{place}/*.deb")
    return made
