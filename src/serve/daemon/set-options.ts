import type { Handlers } from "./call.ts";

/** `SetOptions`: what a client over a socket sends first. */
export const settingHandlers: Handlers<"setOptions"> = {
  async setOptions({ request, settings, trusted, reporter }) {
    for (const name of settings.apply(request, { trusted }))
      reporter.log({
        kind: "message",
        text: `warning: ignoring the client-specified setting '${name}', because it is a restricted setting and you are not a trusted user\n`,
      });
  },
};
