import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { createConnection, createServer, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { peerUid } from "#serve/socket-peer.ts";

const onLinux = process.platform === "linux" ? false : "only Linux tells who is at the other end";

test("who connected to a socket is known, and the socket works on afterwards", {
  skip: onLinux,
}, async () => {
  const folder = mkdtempSync(join(tmpdir(), "elsewhere-peer-"));
  const path = join(folder, "socket");
  const server = createServer();
  try {
    await new Promise<void>((resolve) => server.listen(path, resolve));
    const accepted = new Promise<Socket>((resolve) => server.once("connection", resolve));
    const client = createConnection(path);
    const socket = await accepted;
    assert.equal(await peerUid(socket), process.getuid?.());
    const heard = new Promise<string>((resolve) => client.once("data", (data) => resolve(String(data))));
    socket.end("still here");
    assert.equal(await heard, "still here");
    client.destroy();
  } finally {
    server.close();
    rmSync(folder, { recursive: true });
  }
});
