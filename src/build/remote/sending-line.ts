import type { PathInfo } from "#nix/path-info.ts";

/** A way from one builder to one other that stands open for many sendings, one at a time. */
export interface SendingLine extends AsyncDisposable {
  /** False once it is lost, or it is not known what is on it. */
  readonly isUsable: boolean;
  /** Has the builder send paths, each after what it refers to. Throws when it cannot. */
  send(infos: readonly PathInfo[]): Promise<void>;
}
