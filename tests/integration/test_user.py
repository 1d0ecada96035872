"""In the foreground as an ordinary user, everything under a data_dir of its own."""
import os
import pwd
import unittest

from harness import suite
from harness.daemon import program_for_anybody, run
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

    @unittest.skipUnless(os.getuid() == 0, "only root can become another user")
    def test_check_by_somebody_who_may_not_read_the_secrets(self):
        folder = self.space.make_folder("home")
        os.chmod(folder, 0o755)
        secret = os.path.join(folder, "secret")
        file = os.path.join(folder, "evercert.yaml")
        for path, mode, text in (
                (secret, 0o600, "not base64!\n"),
                (file, 0o644, f"""email: ops@example.com
agree_to_terms: true
issuers: {{ zerossl: {{ eab: {{ key_id: kid, hmac_key_file: {secret} }} }} }}
challenges: {{ dns: {{ type: dns-01, provider: cloudflare, secret_file: {secret} }} }}
certificates: [{{ names: [one.test], issuers: [zerossl], challenge: dns }}]
""")):
            with open(path, "w", encoding="utf-8") as out:
                out.write(text)
            os.chmod(path, mode)
        nobody = {"user": NOBODY, "group": NOBODY, "extra_groups": []}
        for program, arguments in (("evercert", ["check", file]), ("evercertd", ["--config", file, "--check"])):
            answer = self.assert_exit(run(program_for_anybody(self.space, program), *arguments, **nobody), 0)
            for key in ("issuer zerossl: eab.hmac_key_file", "challenge dns: secret_file"):
                self.assertRegex(answer.out, f"warning: {key}: the file .* cannot be read: Permission denied")
        self.assert_exit(run("evercert", "check", file), 2)  # whoever may read it sees that it is no key

    def test_the_programs_can_be_run_by_anybody(self):
        for program in ("evercertd", "evercert"):
            self.assertTrue(os.stat(os.path.join(BUILD, program)).st_mode & 0o001, program)


if __name__ == "__main__":
    suite.main()
