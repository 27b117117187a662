import { execFileSync } from "node:child_process";
import { constants, fstatSync, openSync, renameSync, rmSync, statSync } from "node:fs";
import { Socket } from "node:net";

/** A named pipe into which other processes of the user write a line each. */
export interface Bell extends AsyncDisposable {
  /** The descriptor by which others see that it is listened to. */
  readonly fd: number;
}

/** Listens at `file`; `onRing` is given each line. */
export function hangBell(file: string, onRing: (line: string) => void): Bell {
  const fresh = `${file}.${process.pid}`;
  rmSync(fresh, { force: true });
  execFileSync("mkfifo", ["-m", "600", fresh]);
  // Open for writing too, so that it has no end when those who rang are gone.
  const fd = openSync(fresh, constants.O_RDWR | constants.O_NONBLOCK);
  renameSync(fresh, file);
  const socket = new Socket({ fd, readable: true, writable: false });
  let rest = "";
  socket.setEncoding("latin1");
  socket.on("error", () => undefined);
  socket.on("data", (text: string) => {
    const lines = (rest + text).split("\n");
    rest = lines.pop()!.slice(-LINE_CHARS_MAX);
    for (const line of lines) onRing(line);
  });
  return {
    fd,
    [Symbol.asyncDispose]: async () => {
      if (isSame(fd, file)) rmSync(file, { force: true });
      socket.destroy();
    },
  };
}

/** Whether `file` is still the pipe that is open here. */
function isSame(fd: number, file: string): boolean {
  const there = statSync(file, { throwIfNoEntry: false });
  return there !== undefined && there.ino === fstatSync(fd).ino;
}

const LINE_CHARS_MAX = 4096;
