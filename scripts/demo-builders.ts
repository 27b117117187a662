import { join } from "node:path";
import { startServer } from "#rig/process.ts";
import { startSshd, withoutSshd } from "#rig/sshd.ts";

/** A builder of the demo: a process and a store of its own, and its line in a machines file. */
export interface DemoBuilder extends AsyncDisposable {
  readonly machine: string;
  readonly reachedBy: string;
}

export interface DemoBuilderSpec {
  readonly name: string;
  readonly folder: string;
  readonly slots: number;
  readonly speedFactor: number;
  readonly features: readonly string[];
}

/** Starts a builder that is reached through sshd where one can be had, else through a unix socket. */
export async function startDemoBuilder(spec: DemoBuilderSpec): Promise<DemoBuilder> {
  return withoutSshd ? await behindSocket(spec) : await behindSshd(spec);
}

async function behindSshd(spec: DemoBuilderSpec): Promise<DemoBuilder> {
  const sshd = await startSshd({ config: [`ForceCommand ${program} serve --store ${storeOf(spec)}`] });
  return {
    machine: machineLine(
      spec,
      `ssh-ng://${sshd.user}@127.0.0.1:${sshd.port}`,
      sshd.keyFile,
      sshd.publicHostKey,
    ),
    reachedBy: `sshd on port ${sshd.port}`,
    [Symbol.asyncDispose]: () => sshd[Symbol.asyncDispose](),
  };
}

async function behindSocket(spec: DemoBuilderSpec): Promise<DemoBuilder> {
  const socket = join(spec.folder, `${spec.name}.socket`);
  const server = await startServer([program, "serve", "--store", storeOf(spec), "--socket", socket], {
    socket,
  });
  return {
    machine: machineLine(spec, `unix://${socket}`, "-", "-"),
    reachedBy: `the socket ${spec.name}.socket`,
    [Symbol.asyncDispose]: () => server[Symbol.asyncDispose](),
  };
}

/** The eight fields of a machines file. */
function machineLine(spec: DemoBuilderSpec, uri: string, keyFile: string, hostKey: string): string {
  const features = spec.features.join(",") || "-";
  return [uri, "x86_64-linux", keyFile, spec.slots, spec.speedFactor, features, "-", hostKey].join(" ");
}

function storeOf({ folder, name }: DemoBuilderSpec): string {
  return join(folder, name);
}

const program = join(import.meta.dirname, "../bin/elsewhere");
