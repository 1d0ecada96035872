"""In the foreground as an ordinary user, everything under a data_dir of its own."""
import os
import pwd
import unittest

from harness import suite
from harness.workspace import BUILD

NOBODY = pwd.getpwnam("nobody").pw_uid


class User(suite.Stand):
    @unittest.skipUnless(os.getuid() == 0, "only root can become another user")
    def test_issue_as_nobody(self):
        self.make_ca()
        os.chmod(os.path.dirname(self.ca.root.certificate), 0o755)
        folder = self.space.make_folder("home")
        os.chown(folder, NOBODY, NOBODY)
        daemon = self.make_daemon([{"names": ["one.test"]}], user=NOBODY, data_dir=f"{folder}/data")
        del daemon.config["control"]  # its default lies in the data_dir then
        daemon.socket = f"{daemon.data_dir}/control.sock"
        daemon.start()
        daemon.wait_live("one.test")
        self.assertEqual(os.stat(daemon.live("one.test", "privkey.pem")).st_uid, NOBODY)
        self.assertEqual(daemon.state("one.test"), "waiting")
        self.assertEqual(daemon.stop(), 0)

    def test_the_programs_can_be_run_by_anybody(self):
        for program in ("evercertd", "evercert"):
            self.assertTrue(os.stat(os.path.join(BUILD, program)).st_mode & 0o001, program)


if __name__ == "__main__":
    suite.main()
