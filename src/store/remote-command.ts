import type { StoreReference } from "#nix/store-reference.ts";

/** What is started on the host of an `ssh://` or `ssh-ng://` store, as Nix starts it. */
export function remoteCommandOf({ scheme, params }: StoreReference): string[] {
  const isDaemon = scheme === "ssh-ng";
  const program = remoteProgramOf(params);
  const store = params.get("remote-store");
  return [
    ...(program.length > 0 ? program : [isDaemon ? "nix-daemon" : "nix-store"]),
    ...(isDaemon ? ["--stdio"] : ["--serve", "--write"]),
    ...(store ? ["--store", store] : []),
  ];
}

/** The words of `remote-program`; none where it is not given. */
export function remoteProgramOf(params: StoreReference["params"]): string[] {
  return (params.get("remote-program") ?? "").split(/\s+/).filter((word) => word !== "");
}
