/** Short names of builders: the host of an address, where no two have the same. */
export function builderLabels(names: Iterable<string>): (builder: string) => string {
  const hosts = new Map<string, string[]>();
  for (const name of names) {
    const host = hostOf(name);
    hosts.set(host, [...(hosts.get(host) ?? []), name]);
  }
  return (builder) => {
    const host = hostOf(builder);
    return (hosts.get(host)?.length ?? 0) > 1 ? builder : host;
  };
}

function hostOf(name: string): string {
  return name.replace(/^[a-z-]+:\/\//, "").replace(/^[^@/]*@/, "") || name;
}
