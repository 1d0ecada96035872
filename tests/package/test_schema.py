"""The JSON Schema beside the loader: it takes what the loader takes, and refuses the mistakes that a form can see."""
import json
import os
import re
import shutil
import tempfile
import unittest

import jsonschema
import yaml

from package import BUILD, SOURCE, run

GOOD = """\
email: ops@example.com
agree_to_terms: true
log: { level: info }
issuers:
  corp:
    directory: https://pki.corp/acme
challenges:
  web: { type: http-01, listen: "0.0.0.0:80" }
deployments:
  app: { command: [/usr/local/bin/hook, now] }
  nginx: { timeout: 30s }
certificates:
  - names: [example.com]
    deploy: [nginx]
"""
# What GOOD has, and what stands there in ten_mistakes.yaml. Duplicates, names that are nowhere defined and wildcards
# without dns-01 (the last three there) are beyond a form.
MISTAKES = [("email: ops@example.com", "emial: ops@example.com"), ("agree_to_terms: true", "agree_to_terms: yes"),
            ("level: info", "level: loud"), ("https://pki.corp/acme", "http://pki.corp/acme"), ('"0.0.0.0:80"', '"web:80"'),
            ("[/usr/local/bin/hook, now]", "/usr/local/bin/hook now"), ("timeout: 30s", "timeout: 30")]
MORE_MISTAKES = [("log: { level: info }", "log: ~"), ("names: [example.com]", "names: []"), ("names: [example.com]", "names: example.com"),
                 ("names: [example.com]", "name: example"), ("type: http-01, ", ""), ("  app:", "  App:"), ("  app:", "  ../app:"),
                 ("deploy: [nginx]", "deploy: [[nginx]]"), ("[/usr/local/bin/hook, now]", "['', now]"), ("timeout: 30s", "timeout: 1s1h"),
                 ("timeout: 30s", "timeout: ''"), ("certificates:\n", "certificates: ~\nx:\n"), ("level: info", "levle: info"),
                 ("ops@example.com", "mailto:ops@example.com"), ("directory:", "limits: { new_orders: 300 }\n    directory:"),
                 ("directory:", "limits: { concurrent_orders: 0 }\n    directory:"), ("directory:", "eab: { hmac_key_file: /etc/x }\n    directory:")]
# Odd, and right.
ACCEPTED = [("agree_to_terms: true", "agree_to_terms: 'true'"), ("agree_to_terms: true", "agree_to_terms: TRUE"),
            ("email: ops@example.com", "email: [a@example.com, b@b\u00fccher.example]"), ("  app:", "  2026:"),
            ("deploy: [nginx]", "deploy: [2026]"), ("timeout: 30s", "timeout: 0h1m30s"), ("[/usr/local/bin/hook, now]", '[hook, "", 3, "a\\nb"]'),
            ("directory:", "profile: 2026\n    directory:"), ("directory:", "limits: { concurrent_orders: '8' }\n    directory:"),
            ("directory:", "limits: { new_orders: 1 / 1h, requests: off }\n    directory:"), ("https://pki.corp", "HTTPS://[2001:db8::1]:9000"),
            ("names: [example.com]", "names: [B\u00fccher.example., 192.0.2.1, '2001:DB8::1']\n    name: 7"),
            ("deploy: [nginx]", "challenges: { '*': web, b\u00fccher.example: [web] }"), ('"0.0.0.0:80"', '["[::1]:80", "127.0.0.1:0080"]')]


class Core(yaml.SafeLoader):
    """YAML 1.2's core schema: what stands there is what is meant, "off" and "yes" being words."""


Core.yaml_implicit_resolvers = {}
for tag, pattern, first in (("bool", r"true|True|TRUE|false|False|FALSE", "tTfF"), ("null", r"~|null|Null|NULL|", ["~", "n", "N", ""]),
                            ("int", r"[-+]?[0-9]+", "-+0123456789"),
                            ("float", r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?", "-+.0123456789")):
    Core.add_implicit_resolver(f"tag:yaml.org,2002:{tag}", re.compile(f"^(?:{pattern})$"), first)
Core.add_constructor("tag:yaml.org,2002:int", lambda loader, node: int(node.value))


def as_json(value):
    """Keys are texts in JSON."""
    if isinstance(value, dict):
        return {str(key): as_json(item) for key, item in value.items()}
    return [as_json(item) for item in value] if isinstance(value, list) else value


def changed(text, old, new):
    assert text.count(old) == 1, old
    return text.replace(old, new)


class Schema(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        with open(f"{BUILD}/documents/evercert.schema.json", encoding="utf-8") as file:
            cls.schema = json.load(file)
        jsonschema.Draft202012Validator.check_schema(cls.schema)
        cls.validator = jsonschema.Draft202012Validator(cls.schema)
        cls.scratch = tempfile.mkdtemp(prefix="evercert-schema-")
        cls.addClassCleanup(shutil.rmtree, cls.scratch)

    def complaints(self, text):
        return [error.message for error in self.validator.iter_errors(as_json(yaml.load(text, Core)))]

    def loads(self, text):
        path = f"{self.scratch}/evercert.yaml"
        with open(path, "w", encoding="utf-8") as file:
            file.write(text)
        return run(f"{BUILD}/evercert", "check", path, check=False)

    def test_it_is_what_the_program_says(self):
        self.assertEqual(json.loads(run(f"{BUILD}/evercert", "schema").stdout), self.schema)

    def test_it_takes_what_the_loader_takes(self):
        folder = f"{SOURCE}/tests/fuzz/corpus/config"
        with open(f"{SOURCE}/README.md", encoding="utf-8") as file:
            whole = [block for block in re.findall(r"```yaml\n(.*?)```", file.read(), re.S) if "certificates:" in block]
        self.assertTrue(whole)
        for name in ("everything.yaml", "four_lines.yaml"):
            with open(f"{folder}/{name}", encoding="utf-8") as file:
                whole.append(file.read())
        for text in whole:
            self.assertEqual(self.complaints(text), [], text)
        self.assertEqual(self.loads(whole[-1]).returncode, 0)

    def test_it_refuses_what_a_form_can_see(self):
        self.assertEqual(self.complaints(GOOD), [])
        self.assertEqual(self.loads(GOOD).returncode, 0, self.loads(GOOD))
        with open(f"{SOURCE}/tests/config/ten_mistakes.yaml", encoding="utf-8") as file:
            ten = file.read()
        for old, new in MISTAKES:
            self.assertIn(new, ten)
        for old, new in MISTAKES + MORE_MISTAKES:
            text = changed(GOOD, old, new)
            self.assertNotEqual(self.complaints(text), [], new)
            self.assertEqual(self.loads(text).returncode, 2, new)

    def test_what_is_odd_and_right_passes_both(self):
        for old, new in ACCEPTED:
            text = changed(GOOD, old, new).replace("deployments:", "deployments:\n  2026: { command: [x] }") if new == "deploy: [2026]" \
                else changed(GOOD, old, new).replace("{ command: [/usr/local/bin/hook, now] }", "{ command: [x] }")
            self.assertEqual(self.complaints(text), [], new)
            done = self.loads(text)
            self.assertEqual(done.returncode, 0, f"{new}\n{done.stderr}")

    def test_every_key_is_closed_and_described(self):
        todo = [("", self.schema)]
        while todo:
            path, node = todo.pop()
            self.assertIn("description", node, path)
            if "properties" in node:
                self.assertIs(node["additionalProperties"], False, path)
                todo += [(f"{path}.{key}", value) for key, value in node["properties"].items()]
            elif isinstance(node.get("additionalProperties"), dict) and "propertyNames" in node and "type" in node["additionalProperties"]:
                todo += [(f"{path}.*", node["additionalProperties"])] if "properties" in node["additionalProperties"] else []
            if "properties" in node.get("items", {}):
                todo.append((f"{path}[]", node["items"]))

    def test_the_example_passes_when_it_is_uncommented(self):
        with open(f"{BUILD}/documents/evercert.yaml", encoding="utf-8") as file:
            text = file.read()
        self.assertIsNone(yaml.safe_load(text))
        self.assertEqual(self.complaints(re.sub(r"(?m)^( *)#(\S)", r"\1\2", text)), [])
        self.assertTrue(os.path.getsize(f"{BUILD}/documents/evercert.yaml") > 5000)


if __name__ == "__main__":
    unittest.main(verbosity=2)
