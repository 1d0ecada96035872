"""The sandbox as systemd and the kernel see it."""

# Of both services, in the words of systemctl show.
BOTH = {
    "NoNewPrivileges": "yes", "RestrictSUIDSGID": "yes", "ProtectSystem": "strict", "PrivateTmp": "yes", "PrivateDevices": "yes",
    "DevicePolicy": "closed", "PrivateIPC": "yes", "PrivateMounts": "yes", "RemoveIPC": "yes", "KeyringMode": "private",
    "ProtectHostname": "yes", "ProtectClock": "yes", "ProtectKernelTunables": "yes", "ProtectKernelModules": "yes",
    "ProtectKernelLogs": "yes", "ProtectControlGroups": "yes", "ProtectProc": "invisible", "ProcSubset": "pid",
    "RestrictRealtime": "yes", "LockPersonality": "yes", "MemoryDenyWriteExecute": "yes", "SystemCallArchitectures": "native",
    "AmbientCapabilities": "", "UMask": "0077", "LimitCORE": "0", "RestrictNamespaces": "yes",
}
DAEMON = {"User": "evercert", "Group": "evercert", "CapabilityBoundingSet": "", "PrivateUsers": "yes", "ProtectHome": "yes",
          "PrivateNetwork": "no", "RestrictAddressFamilies": "AF_INET AF_INET6 AF_NETLINK AF_UNIX", "WatchdogUSec": "1min",
          "StateDirectoryMode": "0700", "Restart": "always", "RestartPreventExitStatus": "2",
          "StartLimitIntervalUSec": "0", "LimitNOFILE": "16384", "Type": "notify"}
HELPER = {"User": "", "CapabilityBoundingSet": "cap_chown cap_dac_override cap_fowner", "PrivateUsers": "no",
          "ProtectHome": "read-only", "PrivateNetwork": "yes", "RestrictAddressFamilies": "AF_UNIX", "Type": "notify"}

# Of the running processes, in the words of /proc/PID/status.
NONE = "0000000000000000"
THREE = "000000000000000b"  # CAP_CHOWN 0, CAP_DAC_OVERRIDE 1, CAP_FOWNER 3
PROCESS = {"CapEff": NONE, "CapPrm": NONE, "CapInh": NONE, "CapBnd": NONE, "CapAmb": NONE, "Seccomp": "2", "NoNewPrivs": "1"}
HELPER_PROCESS = {"CapEff": THREE, "CapPrm": THREE, "CapBnd": THREE, "CapAmb": NONE, "Seccomp": "2", "NoNewPrivs": "1"}


def status(machine, pid):
    lines = machine.read(f"/proc/{pid}/status").splitlines()
    return {key: value.strip() for key, value in (line.split(":", 1) for line in lines if ":" in line)}
