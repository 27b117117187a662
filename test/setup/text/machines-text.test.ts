import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import type { Machine } from "#nix/machine.ts";
import { parseMachines } from "#nix/machines.ts";
import { withMachine } from "#setup/text/machines-text.ts";

const box: Machine = {
  uri: "ssh-ng://me@box",
  systems: ["x86_64-linux", "i686-linux"],
  sshKey: "/root/.ssh/key",
  maxJobs: 4,
  speedFactor: 2,
  supportedFeatures: ["kvm"],
  mandatoryFeatures: [],
  sshPublicHostKey: "c3NoLWVkMjU1MTkgQUFBQQ==",
  enabled: true,
  source: { file: "machines", line: 1 },
};
const LINE = "ssh-ng://me@box x86_64-linux,i686-linux /root/.ssh/key 4 2 kvm - c3NoLWVkMjU1MTkgQUFBQQ==";

test("a machine joins the others, and comments stay", () => {
  assert.equal(withMachine("", box), `${LINE}\n`);
  assert.equal(withMachine("# ours\nssh://a - - 1", box), `# ours\nssh://a - - 1\n${LINE}\n`);
});

test("what was said of the same address before is replaced, by whatever protocol it was", () => {
  assert.equal(withMachine("ssh://me@box?x=1 i686-linux\nssh://b\n", box), `${LINE}\nssh://b\n`);
  assert.equal(withMachine("me@box\n# me@box\nme@box - - 2\n", box), `${LINE}\n# me@box\n`);
});

test("one of several machines in a line is replaced where it stands", () => {
  assert.equal(withMachine("ssh://a;me@box - - 1;ssh://c\n", box), `ssh://a;${LINE};ssh://c\n`);
});

test("a file in Lix's form gets a table", () => {
  const before = `version = 1\n[machines.box]\nuri = "ssh://old"\n\n[machines.other]\nuri = "ssh://other"\n`;
  const machines = parseMachines(withMachine(before, box), { defaultSystem: "x86_64-linux", file: "m" });
  assert.deepEqual(
    machines.map(({ uri, maxJobs }) => [uri, maxJobs]),
    [
      ["ssh-ng://me@box", 4],
      ["ssh://other", 1],
    ],
  );
});

test("whatever stood there, the machine is read back, once, and writing it again changes nothing", () => {
  const line = fc.constantFrom("", "# x", "ssh://a - - 1", "me@box - - 3", "ssh-ng://me@box", "a;me@box;b");
  fc.assert(
    fc.property(fc.array(line), (lines) => {
      const once = withMachine(lines.join("\n"), box);
      const machines = parseMachines(once, { defaultSystem: "x86_64-linux", file: "m" });
      const found = machines.filter(({ uri }) => uri.endsWith("me@box"));
      assert.deepEqual(
        found.map(({ uri, maxJobs }) => [uri, maxJobs]),
        [["ssh-ng://me@box", 4]],
      );
      assert.equal(withMachine(once, box), once);
    }),
  );
});
