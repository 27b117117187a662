import { lookup } from "node:dns/promises";
import { createConnection } from "node:net";
import { networkInterfaces } from "node:os";
import { messageOf } from "#base/errors.ts";
import type { Dialled, Network } from "../outside.ts";

/** The network as this machine sees it. */
export const systemNetwork: Network = {
  get isThere() {
    return Object.values(networkInterfaces()).some((addresses) =>
      addresses?.some(({ internal, address }) => !internal && !address.startsWith("fe80:")),
    );
  },
  resolve: async (host) => {
    try {
      const found = await lookup(host, { all: true, verbatim: true });
      return found.map(({ address }) => address);
    } catch {
      return [];
    }
  },
  dial,
  fetch: async (url) => {
    try {
      const answer = await fetch(url, { signal: AbortSignal.timeout(FETCH_TIMEOUT_MS) });
      return { status: answer.status, text: (await answer.text()).slice(0, ANSWER_CHARS_MAX) };
    } catch (error) {
      return { fault: faultOf(error) };
    }
  },
};

/** Connects and listens for a greeting; sshd says one at once. */
function dial(host: string, port: number): Promise<Dialled> {
  const began = performance.now();
  return new Promise((resolve) => {
    const socket = createConnection({ host, port });
    const end = (dialled: Dialled) => {
      clearTimeout(patience);
      socket.destroy();
      resolve(dialled);
    };
    const patience = setTimeout(
      () => end({ kind: "timeout", message: `no answer within ${DIAL_TIMEOUT_MS / 1000} s` }),
      DIAL_TIMEOUT_MS,
    );
    socket.once("error", (error: NodeJS.ErrnoException) =>
      end({ kind: kindOf(error), message: wordsOf(error) }),
    );
    socket.once("connect", () => {
      const tookMs = performance.now() - began;
      const silent = setTimeout(
        () => end({ kind: "open", greeting: undefined, tookMs }),
        GREETING_TIMEOUT_MS,
      );
      const hear = (text: string | undefined) => {
        clearTimeout(silent);
        end({ kind: "open", greeting: text, tookMs });
      };
      socket.once("data", (chunk: Buffer) => hear(chunk.toString("latin1").split(/\r?\n/, 1)[0]));
      socket.once("close", () => hear(undefined));
    });
  });
}

function kindOf({ code }: NodeJS.ErrnoException): "refused" | "timeout" | "unreachable" {
  if (code === "ECONNREFUSED" || code === "ECONNRESET") return "refused";
  return code === "ETIMEDOUT" ? "timeout" : "unreachable";
}

/** As libc would say it. */
function wordsOf(error: NodeJS.ErrnoException): string {
  const words: Record<string, string> = {
    ECONNREFUSED: "connection refused",
    EHOSTUNREACH: "no route to host",
    ENETUNREACH: "network is unreachable",
    ETIMEDOUT: "connection timed out",
  };
  return words[error.code ?? ""] ?? messageOf(error);
}

function faultOf(error: unknown): string {
  if (error instanceof DOMException && error.name === "TimeoutError")
    return `no answer within ${FETCH_TIMEOUT_MS / 1000} s`;
  const cause = error instanceof Error ? (error.cause as NodeJS.ErrnoException | undefined) : undefined;
  if (cause?.code === "ENOTFOUND" || cause?.code === "EAI_AGAIN") return "its name is not known";
  return cause ? wordsOf(cause) : messageOf(error);
}

const DIAL_TIMEOUT_MS = 3000;
const GREETING_TIMEOUT_MS = 2000;
const FETCH_TIMEOUT_MS = 3000;
/** Far above a nix-cache-info. */
const ANSWER_CHARS_MAX = 64 * 1024;
