import assert from "node:assert/strict";
import { test } from "node:test";
import { ConnectionPool } from "#store/connection-pool.ts";

class Line implements AsyncDisposable {
  isUsable = true;
  isClosed = false;
  async [Symbol.asyncDispose](): Promise<void> {
    this.isClosed = true;
  }
}

function countingPool() {
  const opened: Line[] = [];
  const open = async () => {
    const line = new Line();
    opened.push(line);
    return line;
  };
  return { opened, pool: new ConnectionPool({ open, connectionsMax: 2 }) };
}

test("who leases first gets the connection that was prepared", async () => {
  const { opened, pool } = countingPool();
  pool.prepare();
  pool.prepare();
  await pool.use(async (line) => assert.equal(line, opened[0]));
  await pool.use(async (line) => assert.equal(line, opened[0]));
  assert.equal(opened.length, 1);
});

test("why nothing could be prepared is told to whoever leases first, and the next one tries again", async () => {
  let tries = 0;
  const open = async () => {
    if (++tries === 1) throw new Error("nobody listens");
    return new Line();
  };
  const pool = new ConnectionPool({ open, connectionsMax: 2 });
  pool.prepare();
  await assert.rejects(pool.lease(), /nobody listens/);
  assert.ok((await pool.lease()).connection.isUsable);
});

test("a connection that comes after the pool was closed is closed", async () => {
  const { opened, pool } = countingPool();
  pool.prepare();
  await pool[Symbol.asyncDispose]();
  await new Promise((resolve) => setImmediate(resolve));
  assert.deepEqual(
    opened.map(({ isClosed }) => isClosed),
    [true],
  );
});

test("what the pool owns goes once its connections are closed", async () => {
  const line = new Line();
  const closedBefore: boolean[] = [];
  const owned = { [Symbol.asyncDispose]: async () => void closedBefore.push(line.isClosed) };
  const pool = new ConnectionPool({ open: async () => line, owned });
  await pool.use(async () => undefined);
  await pool[Symbol.asyncDispose]();
  assert.deepEqual(closedBefore, [true]);
});
