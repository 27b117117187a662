import assert from "node:assert/strict";
import { test } from "node:test";
import { auditGraph } from "#audit/graph/graph-report.ts";
import { loadPlatformGraph } from "#audit/graph/load.ts";
import type { AuditReport } from "#audit/report/report.ts";
import { DEFAULT_STORE_DIR } from "#nix/store-path.ts";
import { withoutShared } from "#rig/shared.ts";
import { corpusNames } from "../../store/corpus.ts";
import { readCorpus } from "./corpus-archive.ts";

for (const name of corpusNames().filter((each) => !isContaminated(each)))
  test(`${name} is clean`, { skip: withoutShared }, async () => {
    const { findings } = await auditCorpus(name);
    assert.deepEqual(
      findings.map(({ message }) => message),
      [],
    );
  });

test("a Mac's nix in a Linux system is one mistake in fifteen places", { skip: withoutShared }, async () => {
  const { findings, size } = await auditCorpus("contaminated-nixpackage-x86_64-darwin");
  assert.equal(size, 10_567);
  assert.equal(findings.length, 1);
  const [finding] = findings;
  assert.equal(finding!.severity, "error");
  assert.equal(finding!.edges.length, 15);
  assert.ok(finding!.edges.every(({ input }) => input.name === "nix-2.34.7"));
  assert.ok(finding!.edges.every(({ consumer }) => consumer.platform === "x86_64-linux"));
  assert.equal(finding!.edges[0]!.consumer.name, "nix.conf");
  assert.match(finding!.message, /^nix-2\.34\.7 is for x86_64-darwin, and 15 derivations for x86_64-linux/);
  assert.match(finding!.advice, /^Look at nix\.package/);
  const names = finding!.route.map((step) => step.name);
  assert.deepEqual(names, ["nixos-system-fleet-01-26.11pre-git", "etc", "nix.conf", "nix-2.34.7"]);
});

test("a Mac's output in a Linux environment is found among hand-made oddities", {
  skip: withoutShared,
}, async () => {
  const { findings } = await auditCorpus("edge-cases");
  assert.deepEqual(
    findings.map(({ rule, message }) => ({ rule, message })),
    [
      {
        rule: "foreign-member",
        message: "contaminated-env is for x86_64-linux, and takes darwin, which is for aarch64-darwin",
      },
    ],
  );
});

test("a Linux system within a Mac's virtual machine is as it should be", {
  skip: withoutShared,
}, async () => {
  const { intended } = await auditCorpus("darwin-linux-builder-aarch64-darwin");
  assert.deepEqual(
    intended.map(({ rule, count }) => ({ rule, count })),
    [{ rule: "image", count: 5 }],
  );
});

function isContaminated(name: string): boolean {
  return name.startsWith("contaminated") || name === "edge-cases";
}

async function auditCorpus(name: string): Promise<AuditReport> {
  const { roots, contentsOf } = readCorpus(name);
  return await auditGraph(await loadPlatformGraph(DEFAULT_STORE_DIR, roots, contentsOf));
}
