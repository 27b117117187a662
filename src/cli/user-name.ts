import { userInfo } from "node:os";

/** Of the user who runs this; one of a container may have no name. */
export function userName(): string {
  try {
    return userInfo().username;
  } catch {
    return `uid ${process.getuid?.() ?? "unknown"}`;
  }
}
