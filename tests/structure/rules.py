"""The tree's rules as tables, to be read beside the room map. `check.py` holds the tree to them."""

# Which room may include which. A room may also include what its targets may include, and itself.
ARROWS = {
    "core/base": [],
    "core/model": ["core/base"],
    "core/ports": ["core/model"],
    "core/crypto": ["core/model"],  # names and key types are what a CSR and a certificate are about
    "core/json": ["core/base"],
    "core/acme": ["core/ports", "core/crypto", "core/json"],
    "core/store": ["core/ports", "core/crypto", "core/json"],
    "core/lifecycle": ["core/acme", "core/store", "core/crypto", "core/ports"],
    "core/net": ["core/ports"],
    "core/dns": ["core/ports", "core/crypto", "core/net"],  # signed updates; listeners
    # A look before an order: plain questions to the DNS and to servers, never an order.
    "core/preflight": ["core/ports", "core/dns", "core/net", "core/crypto"],
    "core/backends": ["core/ports", "core/net", "core/json"],
    "solvers": ["core/ports", "core/model", "core/base", "core/net", "core/dns", "core/crypto", "core/json"],
    "config": ["core/model", "core/base"],
    "systemd": ["core/base"],
    "daemon": ["config", "solvers", "systemd", "core/lifecycle", "core/net", "core/dns", "core/preflight"],
}
# Concrete classes are named in one place only: files whose path starts so may include these too.
# Outputs are written with the same steps as data_dir is, from a process that has no store of its own.
EXTRA_ARROWS = {"daemon/wiring": ["core/backends"], "daemon/helper/service": ["core/backends"], "daemon/outputs/": ["core/backends"]}

# One door per third-party library: an include that starts so is allowed only in files whose path starts so.
DOORS = {
    "openssl/": ["core/crypto/", "core/net/"],
    "boost/asio/ssl": ["core/net/", "core/base/heavy.cpp"],
    "boost/beast": ["core/net/"],
    "boost/": ["core/", "solvers/", "systemd/", "daemon/", "tests/"],
    "rapidjson/": ["core/json/"],
    "yaml-cpp/": ["config/"],
    "systemd/": ["systemd/"],
    "idn2.h": ["config/"],
    "ldns/": [],  # tests only, as a second opinion
    "libpsl.h": ["core/lifecycle/registered_domain.cpp"],
    "seccomp.h": ["daemon/sandbox/"],
    "prometheus/": ["daemon/status/"],
    "CLI/": ["daemon/"],
    "catch2/": ["tests/support/catch"],
    "fmt/": [""],
}
# The system's own headers; any other <folder/...> is a library without a door.
SYSTEM_FOLDERS = {"sys", "net", "netinet", "arpa", "linux", "asm", "sanitizer"}

# Time and chance are passed in. Pattern, what it is, where it may stand.
REAL_TIME = [
    (r"\bsystem_clock\s*::\s*now|\butc_clock\s*::\s*now", "reads the wall clock", ["core/base/system_time.cpp"]),
    (r"\b(steady|high_resolution|file)_clock\s*::\s*now|\bclock\s*::\s*now", "reads a clock",
     ["core/base/system_time.cpp", "core/net/", "core/dns/", "core/backends/"]),
    (r"\b(steady|system|deadline|high_resolution)_timer\b", "a timer on real time",
     # a timer that is set to never is Asio's condition variable: it waits for a cancel, not for time
     ["core/base/system_time.cpp", "core/base/task_group.cpp", "core/base/pch.hpp", "core/net/", "core/dns/",
      "core/backends/"]),
    (r"\b(gettimeofday|clock_gettime|timespec_get|ftime)\s*\(|\btime\s*\(\s*(nullptr|NULL|0|&)",
     "reads the wall clock", []),
    (r"\bthis_thread\s*::\s*sleep|\b(usleep|nanosleep|clock_nanosleep)\s*\(|(?<![\w.>])(::\s*)?sleep\s*\(", "sleeps", []),
    (r"\brandom_device\b|\bmt19937|\bdefault_random_engine\b|\b(s?rand|rand_r|drand48|random)\s*\(\s*\)|\bsrand\s*\("
     r"|\b(getrandom|getentropy|RAND_bytes|RAND_priv_bytes|arc4random\w*)\s*\(", "takes chance from outside",
     ["core/base/random.cpp"]),
]
# Tests of the very classes that hold real clocks and sockets may wait for them, within bounds.
REAL_TIME_TESTS = ["tests/core/base/", "tests/core/net/", "tests/core/dns/", "tests/core/preflight/", "tests/core/backends/", "tests/solvers/", "tests/daemon/",
                   "tests/systemd/", "tests/support/"]

TOP_LEVEL = {"CMakeLists.txt", "daemon", "core", "solvers", "config", "systemd", "tests", "README.md",
             "CMakePresets.json"}  # CMake looks for presets nowhere else
NOT_OURS = {"build"}  # made by building, never committed; dotfiles are free as well

ROOMS_WITH_README = sorted(ARROWS) + ["tests"]

MAX_LINES = 400
LONGER_FILES = set()  # a file over the limit is a question; the answer is to split it

SOURCES = (".cpp", ".hpp")
TEXTS = SOURCES + (".py", ".sh", ".cmake", ".md", ".yaml", ".json", ".service", ".socket", "CMakeLists.txt")
# g++ 12 miscompiles an await in a condition (the coroutine crashes when it is resumed): name the value first. An
# initialiser in front of the condition is fine.
MISCOMPILED = r"\b(?:if|while)\s*\((?:[^;{}]*[^\w;{}])?co_await\b(?=[^;{}]*\)\s*[{\n;])"

MACHINE_PATHS = r"(?<![\w.$}])/(?:home|root|work|mnt)/\w+"
# In pieces, so that this file does not find itself.
UNFINISHED = r"\b(TO" r"DO|FIX" r"ME|XX" r"X|HA" r"CK)\b"
