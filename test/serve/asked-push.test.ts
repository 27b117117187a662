import assert from "node:assert/strict";
import { test } from "node:test";
import { checkPushAllowed, parseAskedPush } from "#serve/asked-push.ts";

const PATH = "/nix/store/5mkm2d0pankxyra0cz74cma4sgqld1sg-x";

test("what a client asks to have sent is understood", () => {
  assert.deepEqual(
    parseAskedPush(`elsewhere copy --quiet --no-recursive --no-check-sigs --to ssh-ng://b ${PATH}`),
    {
      to: "ssh-ng://b",
      store: undefined,
      paths: [PATH],
      requests: false,
    },
  );
  assert.equal(parseAskedPush("elsewhere copy --to ssh-ng://b --requests")?.requests, true);
  assert.equal(
    parseAskedPush(`elsewhere copy --store '/srv/a b' --to ssh-ng://b ${PATH}`)?.store,
    "/srv/a b",
  );
});

for (const command of ["nix-daemon --stdio", "elsewhere serve --stdio", "sh -c 'elsewhere copy'", ""])
  test(`'${command}' is no wish to send`, () => assert.equal(parseAskedPush(command), undefined));

for (const command of [
  `elsewhere copy --from ssh-ng://b ${PATH}`,
  `elsewhere copy --option builders x --to ssh-ng://b ${PATH}`,
  `elsewhere copy --to ssh-ng://b`,
  `elsewhere copy ${PATH}`,
  `elsewhere copy --all --to ssh-ng://b`,
  `elsewhere copy --requests --to ssh-ng://b ${PATH}`,
])
  test(`'${command}' is refused`, () => {
    assert.throws(() => parseAskedPush(command), { code: "REFUSED" });
  });

test("only the stores that the key's line names may be sent to, parameter for parameter", () => {
  const allowed = ["ssh-ng://nix@b", "ssh-ng://c?remote-program=x&compress=true"];
  const push = (to: string) => ({ to, store: undefined, paths: [PATH], requests: false });
  checkPushAllowed(push("ssh-ng://nix@b"), allowed);
  checkPushAllowed(push("ssh-ng://c?compress=true&remote-program=x"), allowed);
  for (const to of [
    "ssh-ng://b",
    "ssh://nix@b",
    "ssh-ng://nix@b?remote-program=rm",
    "ssh-ng://c",
    "/tmp/x",
    "auto",
  ])
    assert.throws(
      () => checkPushAllowed(push(to), allowed),
      ({ code, hint }: { code?: string; hint?: string }) =>
        code === "REFUSED" &&
        hint === `Let the key's line on this builder say 'elsewhere serve --allow-push ${to}'`,
    );
  assert.throws(() => checkPushAllowed(push("ssh-ng://nix@b"), []), { code: "REFUSED" });
});
