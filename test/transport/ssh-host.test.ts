import assert from "node:assert/strict";
import { once } from "node:events";
import { existsSync, readdirSync, watch } from "node:fs";
import { type AddressInfo, createServer, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { type TestContext, test } from "node:test";
import { freePort, type Sshd, type SshdOptions, startSshd, withoutSshd } from "#rig/sshd.ts";
import type { ByteStream } from "#transport/byte-stream.ts";
import { SshHost } from "#transport/ssh-host.ts";
import type { SshSettings } from "#transport/ssh-settings.ts";

const skip = withoutSshd;

async function sshdFor(t: TestContext, options?: SshdOptions): Promise<Sshd> {
  const sshd = await startSshd(options);
  t.after(() => sshd[Symbol.asyncDispose]());
  return sshd;
}

function hostFor(t: TestContext, sshd: Sshd, settings: Partial<SshSettings> = {}): SshHost {
  const host = new SshHost({ host: sshd.host, extraArguments: sshd.sshOptions, ...settings });
  t.after(() => host[Symbol.asyncDispose]());
  return host;
}

const open = (host: SshHost, ...command: string[]) => host.openSession(command, { peer: "ssh://rig" });

async function outputOf(stream: ByteStream): Promise<string> {
  let text = "";
  for await (const chunk of stream.source) text += Buffer.from(chunk).toString();
  return text;
}

const logins = (sshd: Sshd) => sshd.log().match(/Accepted publickey/g)?.length ?? 0;

test("many sessions share one login", { skip }, async (t) => {
  const sshd = await sshdFor(t);
  const host = hostFor(t, sshd);
  const sessions = await Promise.all(
    [1, 2, 3, 4].map((word) => open(host, "echo", `number ${word}`, "$HOME")),
  );
  assert.deepEqual(
    await Promise.all(sessions.map(outputOf)),
    [1, 2, 3, 4].map((word) => `number ${word} $HOME\n`),
  );
  assert.equal(logins(sshd), 1);
});

test("bytes go there and back whole", { skip }, async (t) => {
  const host = hostFor(t, await sshdFor(t));
  const session = await open(host, "cat");
  const block = Buffer.alloc(100_000, "abcdefghij\0\xff", "latin1");
  const reading = outputLength(session);
  for (let i = 0; i < 50; i++) await session.write(block);
  session.end();
  assert.equal(await reading, 50 * block.length);
  assert.equal(await session.closed, undefined);
});

test("a lost shared connection is made anew", { skip }, async (t) => {
  const sshd = await sshdFor(t);
  const host = hostFor(t, sshd);
  const held = await open(host, "cat");
  // The parent of a session's shell is the sshd process of the connection.
  const session = await open(host, "sh", "-c", "kill $PPID");
  await Promise.all([session.closed, held.closed]);
  assert.equal(await outputOf(await open(host, "echo", "again")), "again\n");
  assert.equal(logins(sshd), 2);
});

test("a first session's last words are heard while others go on", { skip }, async (t) => {
  const host = hostFor(t, await sshdFor(t));
  const first = await open(host, "sh", "-c", "read line; echo you are not privileged >&2; exit 1");
  const second = await open(host, "cat");
  await first.write(Buffer.from("\n"));
  assert.equal(await outputOf(first), "");
  assert.match((await first.closed)?.message ?? "", /you are not privileged/);
  await second[Symbol.asyncDispose]();
});

test("what a first session prints is there for who reads after its end", { skip }, async (t) => {
  const host = hostFor(t, await sshdFor(t));
  const first = await open(host, "sh", "-c", "echo This account is not available.; exit 1");
  await first.closed;
  assert.equal(await outputOf(first), "This account is not available.\n");
});

test("a connection outlasts its first session", { skip }, async (t) => {
  const sshd = await sshdFor(t);
  const host = hostFor(t, sshd);
  const first = await open(host, "cat");
  const second = await open(host, "cat");
  await first[Symbol.asyncDispose]();
  const third = await open(host, "echo", "over it");
  assert.equal(await outputOf(third), "over it\n");
  await second.write(Buffer.from("still there"));
  second.end();
  assert.equal(await outputOf(second), "still there");
  assert.equal(logins(sshd), 1);
});

test("disposing a session ends what it runs, and disposing the host all of them", { skip }, async (t) => {
  const sshd = await sshdFor(t);
  const host = new SshHost({ host: sshd.host, extraArguments: sshd.sshOptions });
  const mark = () => readdirSync(sshd.folder).filter((name) => name.startsWith("ran-"));
  const leavesMark = async (name: string) => {
    const session = await open(host, "sh", "-c", `echo up; cat; echo > ${sshd.folder}/ran-${name}`);
    await session.source[Symbol.asyncIterator]().next();
    return session;
  };
  const [first, second, third] = [await leavesMark("1"), await leavesMark("2"), await leavesMark("3")];
  const marked = untilTrue(sshd.folder, () => mark().length === 3);
  await first[Symbol.asyncDispose]();
  await second[Symbol.asyncDispose]();
  await host[Symbol.asyncDispose]();
  await marked;
  await third.closed;
});

test("disposing the host ends an ssh that waits for an answer", { skip }, async () => {
  const silent = createServer();
  const isReached = once(silent, "connection");
  await new Promise<void>((resolve) => silent.listen(0, "127.0.0.1", resolve));
  const host = new SshHost({ host: "127.0.0.1", port: (silent.address() as AddressInfo).port });
  const opening = assert.rejects(open(host, "true"), { code: /^TRANSPORT/ });
  const [line] = (await isReached) as [Socket];
  const isLeft = once(line.resume(), "close");
  await host[Symbol.asyncDispose]();
  await opening;
  await isLeft;
  await assert.rejects(open(host, "true"), { code: "TRANSPORT_LOST" });
  silent.close();
});

test("sessions that the host will not add to a connection get one of their own", { skip }, async (t) => {
  const sshd = await sshdFor(t, { config: ["MaxSessions 1"] });
  const host = hostFor(t, sshd);
  const held = await open(host, "cat");
  await held.write(Buffer.from("held"));
  assert.equal(await outputOf(await open(host, "echo", "beside it")), "beside it\n");
  held.end();
  assert.equal(await outputOf(held), "held");
});

test("a connection that the person shares already is used as it is", { skip }, async (t) => {
  const sshd = await sshdFor(t, {
    clientConfig: ["ControlMaster auto", `ControlPath ${tmpdir()}/elsewhere-%C`, "ControlPersist no"],
  });
  const host = hostFor(t, sshd);
  const held = await open(host, "cat");
  assert.equal(await outputOf(await open(host, "echo", "mine")), "mine\n");
  held.end();
  await held.closed;
});

test("nothing is left behind", { skip }, async (t) => {
  const sshd = await sshdFor(t);
  const before = new Set(folders());
  const host = new SshHost({ host: sshd.host, extraArguments: sshd.sshOptions });
  await outputOf(await open(host, "true"));
  assert.equal(folders().filter((folder) => !before.has(folder)).length, 1);
  await host[Symbol.asyncDispose]();
  assert.deepEqual(
    folders().filter((folder) => !before.has(folder)),
    [],
  );
});

test("a host key given by hand is the only one accepted", { skip }, async (t) => {
  const [sshd, other] = await Promise.all([sshdFor(t), sshdFor(t)]);
  const direct: SshSettings = { host: "127.0.0.1", port: sshd.port, user: sshd.user, keyFile: sshd.keyFile };
  const plain = {
    extraArguments: ["-F", "none", "-o", "IdentityAgent=none", "-o", "GlobalKnownHostsFile=/dev/null"],
  };
  const right = hostFor(t, sshd, { ...direct, ...plain, publicHostKey: sshd.publicHostKey });
  assert.equal(await outputOf(await open(right, "echo", "known")), "known\n");
  const wrong = hostFor(t, sshd, { ...direct, ...plain, publicHostKey: other.publicHostKey });
  await assert.rejects(open(wrong, "true"), { code: "TRANSPORT_HOST_KEY" });
});

test("a host that nobody vouches for is refused with what to do", { skip }, async (t) => {
  const sshd = await sshdFor(t);
  const host = hostFor(t, sshd, {
    extraArguments: ["-o", "UserKnownHostsFile=/dev/null", ...sshd.sshOptions],
  });
  await assert.rejects(open(host, "true"), {
    code: "TRANSPORT_HOST_KEY",
    hint: /base64-ssh-public-host-key/,
  });
});

test("a key that the host does not know is refused in its own words", { skip }, async (t) => {
  const [sshd, other] = await Promise.all([sshdFor(t), sshdFor(t)]);
  const host = hostFor(t, sshd, {
    extraArguments: ["-o", `IdentityFile=${other.keyFile}`, "-F", `${sshd.folder}/no-identity`],
  });
  const { readFileSync, writeFileSync } = await import("node:fs");
  const config = readFileSync(`${sshd.folder}/ssh_config`, "utf8").replace(/^ *IdentityFile.*$/m, "");
  writeFileSync(`${sshd.folder}/no-identity`, config);
  await assert.rejects(open(host, "true"), {
    code: "TRANSPORT_AUTH",
    message: /Permission denied \(publickey\)/,
  });
});

test("a port where nothing listens is refused at once", { skip }, async (t) => {
  const sshd = await sshdFor(t);
  const host = hostFor(t, sshd, { port: await freePort() });
  await assert.rejects(open(host, "true"), { code: "TRANSPORT_REFUSED", message: /Connection refused/ });
});

test("a name that nobody knows is refused", { skip }, async (t) => {
  const host = new SshHost({ host: "no-such-host.invalid", extraArguments: ["-F", "none"] });
  t.after(() => host[Symbol.asyncDispose]());
  await assert.rejects(open(host, "true"), { code: "TRANSPORT_RESOLVE" });
});

test("a host that never greets costs its time limit once", { skip }, async (t) => {
  const { createServer } = await import("node:net");
  const silent = createServer(() => undefined);
  await new Promise<void>((resolve) => silent.listen(0, "127.0.0.1", resolve));
  t.after(() => silent.close());
  const { port } = silent.address() as { port: number };
  const host = new SshHost({ host: "127.0.0.1", port, extraArguments: ["-F", "none"], connectTimeoutS: 1 });
  t.after(() => host[Symbol.asyncDispose]());
  await assert.rejects(open(host, "true"), { code: "TRANSPORT_TIMEOUT" });
});

test("a program that is not there is named, with where to say its place", { skip }, async (t) => {
  const host = hostFor(t, await sshdFor(t));
  const session = await open(host, "no-such-nix-daemon", "--stdio");
  assert.equal(await outputOf(session), "");
  const error = (await session.closed) as Error & { code: string; hint: string };
  assert.equal(error.code, "TRANSPORT_COMMAND_NOT_FOUND");
  assert.match(error.message, /no-such-nix-daemon.*command not found/s);
  assert.match(error.hint, /remote-program/);
});

test("options that ssh does not know are its own words", { skip }, async (t) => {
  const sshd = await sshdFor(t);
  const host = hostFor(t, sshd, { extraArguments: [...sshd.sshOptions, "-o", "NoSuchOption=1"] });
  await assert.rejects(open(host, "true"), { code: "TRANSPORT_CONFIG", message: /nosuchoption/i });
});

test("an ssh that is not installed is said so", async (t) => {
  const host = new SshHost({ host: "rig", program: "/no/such/ssh" });
  t.after(() => host[Symbol.asyncDispose]());
  await assert.rejects(open(host, "true"), { code: "TRANSPORT_PROGRAM_MISSING" });
});

/** Those of this process: others beside it have their own. */
function folders(): string[] {
  const base = process.env.XDG_RUNTIME_DIR ?? tmpdir();
  return existsSync(base)
    ? readdirSync(base).filter((name) => name.startsWith(`elsewhere-${process.pid.toString(36)}-`))
    : [];
}

/** Waits until changes in a folder have made `condition` true. */
async function untilTrue(folder: string, condition: () => boolean): Promise<void> {
  await new Promise<void>((resolve) => {
    const look = () => {
      if (!condition()) return;
      watcher.close();
      resolve();
    };
    const watcher = watch(folder, look);
    look();
  });
}

async function outputLength(stream: ByteStream): Promise<number> {
  let length = 0;
  for await (const chunk of stream.source) length += chunk.length;
  return length;
}
