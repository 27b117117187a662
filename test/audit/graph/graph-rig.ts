import { auditGraph } from "#audit/graph/graph-report.ts";
import { platformGraphOf } from "#audit/graph/load.ts";
import type { AuditReport } from "#audit/report/report.ts";
import type { Derivation } from "#nix/derivation.ts";
import { sha256 } from "#nix/hash.ts";
import { encodeNix32 } from "#nix/nix32.ts";
import { DEFAULT_STORE_DIR, parseStorePathBaseName, type StorePath } from "#nix/store-path.ts";

/** What a derivation of a story is; attributes name inputs, whose output paths stand in their place. */
export interface Told {
  readonly system: string;
  readonly fixed?: boolean;
  readonly builder?: string;
  /** Attribute to the names of inputs in it. */
  readonly takes?: Readonly<Record<string, readonly string[]>>;
  /** Other attributes. */
  readonly env?: Readonly<Record<string, string>>;
}

/** A small graph of derivations, told by names. */
export class GraphRig {
  readonly graph = new Map<StorePath, Derivation>();

  derive(name: string, { system, fixed, builder, takes = {}, env = {} }: Told): void {
    const inputs = [...new Set(Object.values(takes).flat())];
    const attributes = Object.entries(takes).map(
      ([attribute, names]) => [attribute, names.map(outputText).join(" ")] as const,
    );
    this.graph.set(drvOf(name), {
      name,
      system,
      builder: takes.builder ? `${outputText(takes.builder[0]!)}/bin/sh` : (builder ?? "/bin/sh"),
      args: [],
      env: new Map([...attributes, ...Object.entries(env)]),
      inputSources: [],
      inputDerivations: new Map(
        inputs.map((input) => [drvOf(input), { outputs: ["out"], dynamic: new Map() }]),
      ),
      outputs: new Map([
        [
          "out",
          fixed
            ? { kind: "fixed", address: { method: "nar", hash: sha256(name) } }
            : { kind: "input-addressed", path: outputOf(name) },
        ],
      ]),
    });
  }

  /** A package set's floor: a compiler in a stdenv, as `stdenv-<suffix>`. */
  stdenv(suffix: string, system: string): string {
    const name = `stdenv-${suffix}`;
    this.derive(`gcc-wrapper-${suffix}`, { system });
    this.derive(name, { system, takes: { initialPath: [`gcc-wrapper-${suffix}`] } });
    return name;
  }

  async audit(root: string): Promise<AuditReport> {
    return await auditGraph(platformGraphOf(DEFAULT_STORE_DIR, [drvOf(root)], this.graph));
  }
}

function outputOf(name: string): StorePath {
  return parseStorePathBaseName(`${digits(name)}-${name}`);
}

function drvOf(name: string): StorePath {
  return parseStorePathBaseName(`${digits(`${name}.drv`)}-${name}.drv`);
}

/** What a graph's findings say, in short: `error foreign-member: a, b <- x`. */
export function inShort({ findings }: AuditReport): string[] {
  return findings.map(({ severity, rule, edges, route }) => {
    const consumers = [...new Set(edges.map(({ consumer }) => consumer.name))].join(", ");
    const inputs = [...new Set(edges.map(({ input }) => input.name))].join(", ");
    return `${severity} ${rule}: ${edges.length > 0 ? `${consumers} <- ${inputs}` : route.at(-1)!.name}`;
  });
}

function outputText(name: string): string {
  return `${DEFAULT_STORE_DIR}/${outputOf(name)}`;
}

function digits(text: string): string {
  return encodeNix32(sha256(text).digest.subarray(0, 20));
}
