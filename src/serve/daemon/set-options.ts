import type { Handlers } from "./call.ts";

/** `SetOptions`: what a client over a socket sends first. */
export const settingHandlers: Handlers<"setOptions"> = {
  async setOptions({ request, settings, served, trusted, reporter }) {
    const warn = (text: string) => reporter.log({ kind: "message", text: `warning: ${text}\n` });
    for (const name of settings.apply(request, { trusted }))
      warn(
        `ignoring the client-specified setting '${name}', because it is a restricted setting and you are not a trusted user`,
      );
    for (const fault of (await served.configure?.(settings.overrides)) ?? []) warn(fault);
  },
};
