import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer, type IncomingMessage, type Server } from "node:http";
import { type AddressInfo, connect } from "node:net";
import { type TestContext, test } from "node:test";
import { openStore } from "#main/open-store.ts";
import { parseStorePathBaseName } from "#nix/store-path.ts";

const PATH = parseStorePathBaseName(`${"1".repeat(32)}-a`);

test("a cache gets the credentials that netrc has for its host, and none of another's", async (t) => {
  const asked: IncomingMessage[] = [];
  const port = await listening(t, emptyCache(asked));
  const netrc = "machine 127.0.0.1 login me password secret\nmachine other login you password wrong";
  for (const host of ["127.0.0.1", "localhost"]) {
    await using cache = await openStore(`http://${host}:${port}`, { env: {}, cache: { netrc: () => netrc } });
    await cache.queryValidPaths([PATH]);
  }
  const sent = asked.map(({ headers }) => headers.authorization);
  assert.deepEqual(new Set(sent), new Set([`Basic ${btoa("me:secret")}`, undefined]));
});

test("a cache is reached through the proxy of the environment, unless it is excepted", async (t) => {
  const asked: IncomingMessage[] = [];
  const port = await listening(t, emptyCache(asked));
  const tunnels: (string | undefined)[] = [];
  const proxy = createServer().on("connect", (request, socket) => {
    tunnels.push(request.url);
    const onward = connect(port, "127.0.0.1", () => socket.write("HTTP/1.1 200 OK\r\n\r\n"));
    onward.pipe(socket).pipe(onward);
    onward.on("error", () => socket.destroy());
    socket.on("error", () => onward.destroy());
  });
  const env = { http_proxy: `http://127.0.0.1:${await listening(t, proxy)}`, no_proxy: "127.0.0.1" };
  await using far = await openStore("http://cache.invalid", { env });
  assert.deepEqual(await far.queryValidPaths([PATH]), new Set());
  assert.deepEqual(new Set(tunnels), new Set(["cache.invalid:80"]));
  const before = tunnels.length;
  await using near = await openStore(`http://127.0.0.1:${port}`, { env });
  await near.queryValidPaths([PATH]);
  assert.equal(tunnels.length, before);
  assert.ok(asked.length >= 2);
});

function emptyCache(asked: IncomingMessage[]): Server {
  return createServer((request, response) => {
    asked.push(request);
    response.writeHead(request.url === "/nix-cache-info" ? 200 : 404);
    response.end(request.url === "/nix-cache-info" ? "StoreDir: /nix/store\n" : "");
  });
}

async function listening(t: TestContext, server: Server): Promise<number> {
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  return (server.address() as AddressInfo).port;
}
