import { isTargetTool } from "./cross-target.ts";
import type { PlatformGraph } from "./platform-graph.ts";

/** Tells which derivations run a C compiler: most others make texts, links and hooks, which are of no platform. */
export class CompiledNodes {
  readonly #graph: PlatformGraph;
  readonly #hasCompiler = new Map<number, boolean>();

  constructor(graph: PlatformGraph) {
    this.#graph = graph;
  }

  has(id: number): boolean {
    const graph = this.#graph;
    const name = graph.nameOf(id);
    if (graph.isFixed(id) || isTargetTool(name) || NO_PROGRAM.test(name)) return false;
    let compiled = false;
    graph.eachInput(id, (input) => {
      if (STDENV.test(graph.nameOf(input))) compiled ||= this.#compiles(input);
    });
    return compiled;
  }

  #compiles(stdenv: number): boolean {
    const known = this.#hasCompiler.get(stdenv);
    if (known !== undefined) return known;
    let compiles = false;
    this.#graph.eachInput(stdenv, (input) => {
      compiles ||= COMPILER.test(this.#graph.nameOf(input));
    });
    this.#hasCompiler.set(stdenv, compiles);
    return compiles;
  }
}

const STDENV = /^stdenv-/;
const COMPILER = /(gcc|clang|cc)-wrapper-/;
const NO_PROGRAM = /(-hook|\.sh|-headers)(-|$)/;
