import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { test } from "node:test";
import { peerUriOf, withoutPeerUri } from "#build/remote/peer-uri.ts";
import { pushCommands } from "#build/remote/push-command.ts";
import { senderOf } from "#build/remote/sender.ts";
import { formatStoreReference, parseStoreReference } from "#nix/store-reference.ts";

const TO = { to: "ssh-ng://b", paths: ["/nix/store/a", "/nix/store/b"] };

test("a stock builder sends by Nix, from the store that it serves", () => {
  const [command] = commandsOf("ssh-ng://a?remote-store=/srv", "2.26.3");
  assert.deepEqual(afterShell(command!), [
    ..."nix --extra-experimental-features nix-command copy --no-recursive --no-check-sigs --quiet".split(" "),
    ..."--from /srv --to ssh-ng://b /nix/store/a /nix/store/b".split(" "),
  ]);
});

test("Nix is taken from beside the program that was named", () => {
  const [command] = commandsOf("ssh-ng://a?remote-program=/opt/nix/bin/nix-daemon", undefined);
  assert.equal(afterShell(command!)[0], "/opt/nix/bin/nix");
});

test("a builder reached through elsewhere sends by it", () => {
  const [command] = commandsOf("ssh://a?remote-program=/opt/elsewhere%20serve%20--store%20/srv", undefined);
  const words = "/opt/elsewhere copy --quiet --no-recursive --no-check-sigs --store /srv --to ssh-ng://b";
  assert.equal(afterShell(command!).join(" "), `${words} /nix/store/a /nix/store/b`);
});

test("one that greets as Elsewhere may have no shell: its words go as they are", () => {
  const [command] = commandsOf("ssh-ng://a", "Elsewhere 0.1.0");
  assert.deepEqual(command!.slice(0, 2), ["elsewhere", "copy"]);
});

test("more paths than a shell takes in one argument go by several commands", () => {
  const paths = Array.from({ length: 3000 }, (_, at) => `/nix/store/${"x".repeat(60)}${at}`);
  const reference = parseStoreReference("ssh-ng://a");
  const commands = pushCommands(senderOf({ reference, version: undefined }), { to: "ssh-ng://b", paths });
  assert.ok(commands.length > 1);
  assert.ok(commands.every((command) => command.join(" ").length < 100_000));
  assert.deepEqual(
    commands.flatMap((command) => command.filter((word) => word.startsWith("/nix/store/"))),
    paths,
  );
});

test("the command ends when our side hangs up, and says how it ended when it does not", async () => {
  const [shell, flag, script] = commandsOf("ssh-ng://a", undefined)[0]!;
  const run = (command: readonly string[], isHeld: boolean) =>
    new Promise<number | string>((resolve) => {
      const child = execFile(shell!, [flag!, script!, "sh", ...command], (error) =>
        resolve(error?.code ?? 0),
      );
      if (!isHeld) child.stdin!.end();
    });
  assert.equal(await run(["true"], true), 0);
  assert.equal(await run(["sh", "-c", "exit 7"], true), 7);
  assert.notEqual(await run(["sleep", "1000"], false), 0);
});

test("another builder names a machine as the machines file does, without what is about this machine", () => {
  const peer = (uri: string) => peerUriOf(parseStoreReference(uri));
  assert.equal(
    peer("ssh-ng://me@box?ssh-key=/root/key&remote-store=/srv"),
    "ssh-ng://me@box?remote-store=/srv",
  );
  assert.equal(peer("ssh://box?max-connections=1"), "ssh://box");
  assert.equal(peer("ssh-ng://box?peer-uri=ssh-ng://10.0.0.7"), "ssh-ng://10.0.0.7");
  assert.equal(peer("ssh-ng://box?peer-uri=none"), undefined);
  assert.equal(peer("unix:///run/socket"), undefined);
  const rest = withoutPeerUri(parseStoreReference("ssh-ng://box?peer-uri=none&compress=true"));
  assert.equal(formatStoreReference(rest), "ssh-ng://box?compress=true");
});

function commandsOf(uri: string, version: string | undefined): string[][] {
  return pushCommands(senderOf({ reference: parseStoreReference(uri), version }), TO);
}

/** Without the shell that looks after it. */
function afterShell(command: readonly string[]): readonly string[] {
  assert.deepEqual(command.slice(0, 2), ["sh", "-c"]);
  return command.slice(4);
}
