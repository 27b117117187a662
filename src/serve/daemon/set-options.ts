import type { Handlers } from "./call.ts";

/** `SetOptions`: what a client over a socket sends first. */
export const settingHandlers: Handlers<"setOptions"> = {
  async setOptions({ request, settings, served, rights, reporter }) {
    const warn = (text: string) => reporter.log({ kind: "message", text: `warning: ${text}\n` });
    const { restricted, substituters } = settings.apply(request, {
      rights,
      knownSubstituters: served.knownSubstituters ?? new Set(),
    });
    for (const name of restricted)
      warn(
        `ignoring the client-specified setting '${name}', because it is a restricted setting and you are not a trusted user`,
      );
    for (const uri of substituters)
      warn(`ignoring untrusted substituter '${uri}', you are not a trusted user.`);
    for (const fault of (await served.configure?.(settings.overrides)) ?? []) warn(fault);
  },
};
