/** Whether a builder says where it keeps the folder of a failed build, which who asked for that must know. Source: Nix since 2.0. */
export function saysWhatIsKept(text: string): boolean {
  return /^note: keeping build directory /.test(text);
}
