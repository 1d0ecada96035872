"""Signals, and what systemd is told of them."""
import os
import signal
import time

from harness import ca, suite
from harness.workspace import wait_until


class Signals(suite.Stand):
    def test_term_in_the_middle_of_an_order(self):
        self.make_ca(env={**ca.SLOW, "PEBBLE_VA_SLEEPTIME": "30"})
        daemon = self.make_daemon([{"names": [f"n{i}.test", f"www.n{i}.test"]} for i in range(5)]).start()
        wait_until("orders are under way", lambda: self.ca.orders() >= 5)
        start = time.monotonic()
        self.assertEqual(daemon.stop(20), 0)
        self.assertLess(time.monotonic() - start, 10)
        self.assertEqual(daemon.notify.count("STOPPING=1"), 1)
        daemon.start()  # same CA, same orders: taken up where they were
        for i in range(5):
            daemon.wait_live(f"n{i}.test", timeout=90)
        self.assertLessEqual(self.ca.orders(), 10)

    def test_int_ends_it_as_well(self):
        self.make_ca()
        daemon = self.make_daemon([{"names": ["one.test"]}]).start()
        daemon.process.signal(signal.SIGINT)
        self.assertEqual(daemon.process.wait(15), 0)

    def test_what_systemd_is_told(self):
        self.make_ca()
        daemon = self.make_daemon([{"names": ["one.test"]}]).start(env={"WATCHDOG_USEC": "1000000"})
        daemon.wait_live("one.test")
        wait_until("the watchdog is fed", lambda: daemon.notify.count("WATCHDOG=1") >= 3, 10)
        wait_until("there is a status", lambda: daemon.notify.count("STATUS=") >= 1)
        ready = daemon.notify.count("READY=1")
        daemon.hang_up()
        wait_until("it is ready again", lambda: daemon.notify.count("READY=1") == ready + 1)
        self.assertEqual(daemon.notify.count("RELOADING=1"), 1)
        self.assertEqual(daemon.notify.count("MONOTONIC_USEC="), 1)
        self.assertEqual(daemon.stop(), 0)
        order = [line.split("=")[0] for _, line in daemon.notify.messages
                 if line.split("=")[0] in ("READY", "RELOADING", "STOPPING")]
        self.assertEqual(order, ["READY", "RELOADING", "READY", "STOPPING"])

    def test_it_stays_behind_the_servers_of_the_machine(self):
        self.make_ca()
        daemon = self.make_daemon([{"names": ["one.test"]}]).start()
        daemon.wait_live("one.test")
        threads = [int(thread) for thread in os.listdir(f"/proc/{daemon.process.pid}/task")]
        self.assertGreater(len(threads), 1)
        self.assertEqual({os.sched_getscheduler(thread) for thread in threads}, {os.SCHED_BATCH})

    def test_a_storm_of_hang_ups(self):
        self.make_ca()
        daemon = self.make_daemon([{"names": [f"n{i}.test"]} for i in range(5)]).start()
        for _ in range(50):
            daemon.process.signal(signal.SIGHUP)
            time.sleep(0.02)
        for i in range(5):
            daemon.wait_live(f"n{i}.test")
        self.assertEqual(self.ca.orders(), 5)
        self.assertEqual(daemon.stop(), 0)

    def test_a_closed_log_pipe_does_not_end_it(self):
        self.make_ca()
        daemon = self.make_daemon([{"names": ["one.test"]}]).start()
        daemon.wait_live("one.test")
        daemon.process.signal(signal.SIGPIPE)
        self.assert_exit(daemon.cli("status"), 0)


if __name__ == "__main__":
    suite.main()
