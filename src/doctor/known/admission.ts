import { cure } from "../cure.ts";
import type { KnownMessage } from "./known-message.ts";

/** What ssh says of keys and of its own configuration. Source: OpenSSH 9.2. */
export const ADMISSION: readonly KnownMessage[] = [
  {
    id: "host-key-changed",
    pattern:
      /REMOTE HOST IDENTIFICATION HAS CHANGED|Offending \S{1,200} key in (?<file>\S{1,200}):(?<line>\d+)/,
    cause:
      "The builder shows another host key than the one that is remembered: it was set up anew, another machine has its address or port now, or somebody is in between",
    cure: cure(
      "Compare the fingerprint on the builder's own console; if it is right, forget the old key as the daemon's user and connect once by hand",
      "sudo ssh-keygen -R HOST",
      "sudo ssh USER@HOST true",
    ),
  },
  {
    id: "host-key-unknown",
    pattern:
      /Host key verification failed|No \S{1,200} host key is known for|The authenticity of host .{0,200} can't be established/,
    cause:
      "The builder's host key is not in the known_hosts of the user who connects. The Nix daemon connects as root and cannot ask: what you accepted is in your own file",
    cure: cure(
      "Accept the key as root, or give it as the last field of the machines file, where everybody finds it",
      "sudo ssh USER@HOST true",
      "ssh-keyscan -t ed25519 HOST | cut -d' ' -f2- | base64 -w0",
    ),
  },
  {
    id: "too-many-keys",
    pattern: /Too many authentication failures/,
    cause:
      "ssh offered one key after the other until the builder lost patience: an agent holds many, and the right one comes too late",
    cure: cure(
      "Offer only the right key, in ssh_config",
      "Host HOST",
      "  IdentityFile /path/to/key",
      "  IdentitiesOnly yes",
    ),
  },
  {
    id: "key-refused",
    pattern:
      /Permission denied \((?<methods>[a-z,-]*publickey[a-z,-]*)\)|No supported authentication methods/,
    cause:
      "The builder let in none of the keys that were offered. As the daemon, ssh is root: it does not see your agent, your ~/.ssh/config and your keys, and logs in as root where neither the URI nor ssh_config names a user",
    cure: cure(
      "Name the key and the user in the machines file, let root read the key, and put its public half into the builder's authorized_keys",
      "ssh-ng://USER@HOST x86_64-linux /root/.ssh/builder_key",
      "sudo ssh -i /root/.ssh/builder_key USER@HOST true",
    ),
  },
  {
    id: "key-mode",
    pattern: /UNPROTECTED PRIVATE KEY FILE|Permissions 0?\d+ for '(?<file>[^']+)' are too open/,
    cause: "Others may read the private key, so ssh does not use it",
    cure: cure("Let only its owner read it", "chmod 600 KEYFILE"),
  },
  {
    id: "key-missing",
    pattern: /[Ii]dentity file (?<file>\S{1,200}) not accessible|no such identity: (?<other>[^:]+)/,
    cause:
      "The key file does not exist for the user who connects; `~` and relative paths mean another folder to the daemon",
    cure: cure("Write the key's whole path into the machines file", "sudo ls -l /root/.ssh"),
  },
  {
    id: "key-unreadable",
    pattern: /Load key "(?<file>[^"]+)": Permission denied/,
    cause: "The user who connects may not read the key file $<file>",
    cure: cure("Give the file to whoever connects: root for the Nix daemon", "sudo chown root: $<file>"),
  },
  {
    id: "key-malformed",
    pattern: /Load key "(?<file>[^"]+)": (?:invalid format|error in libcrypto)/,
    cause:
      "$<file> is no private key that this ssh can read: the public half (.pub), a key in PuTTY's form, an ending newline that got lost, or a key with a passphrase of a form it does not know",
    cure: cure("Name the private half, or put it into OpenSSH's form", "ssh-keygen -y -f $<file>"),
  },
  {
    id: "key-passphrase",
    pattern:
      /incorrect passphrase supplied|Enter passphrase for key|agent refused operation|read_passphrase: can't open \/dev\/tty/,
    cause:
      "The key has a passphrase, and there is nobody to type it and no agent that holds it: a daemon has neither",
    cure: cure(
      "Use a key without a passphrase for the daemon, one that can do nothing but build",
      "sudo ssh-keygen -t ed25519 -N '' -f /root/.ssh/builder_key",
    ),
  },
  {
    id: "ssh-algorithms",
    pattern: /no matching (?<what>host key type|key exchange method|cipher|MAC) found/,
    cause: "The two ends have no $<what> in common: one of them is much older than the other",
    cure: cure(
      "Upgrade the older one; until then allow what it offers for that host only",
      "Host HOST",
      "  HostKeyAlgorithms +ssh-rsa",
    ),
  },
  {
    id: "ssh-config-owner",
    pattern: /Bad owner or permissions on (?<file>\S{1,200})/,
    cause: "ssh refuses a configuration that somebody else could have written: $<file>",
    cure: cure("Give it to its user, writable by nobody else", "chmod 600 $<file>"),
  },
  {
    id: "ssh-config-option",
    pattern:
      /Bad configuration option: (?<option>\S{1,200})|terminating, \d+ bad configuration options|[Uu]nsupported option "?(?<other>\w+)/,
    cause:
      "ssh does not know an option of its configuration or of NIX_SSHOPTS; Apple's and older versions lack some",
    cure: cure("Remove it, or guard it by `IgnoreUnknown`", "ssh -G HOST >/dev/null"),
  },
  {
    id: "control-path",
    pattern:
      /too long for Unix domain socket|ControlPath too long|unix_listener: |mux_client_request_session|ControlSocket \S{1,200} already exists/,
    cause:
      "Connection sharing (ControlMaster) gets in the way: the socket's path is too long, stale, or the master allows no more sessions",
    cure: cure(
      "Switch it off for the builder in ssh_config",
      "Host HOST",
      "  ControlMaster no",
      "  ControlPath none",
    ),
  },
  {
    id: "remote-forced",
    pattern:
      /administratively prohibited|This service allows sftp connections only|Could not chdir to home directory/,
    cause:
      "The account on the builder is restricted: its sshd allows no commands, or no home folder is there",
    cure: cure(
      "Look at the Match blocks of the builder's sshd_config and at the account",
      "getent passwd USER",
    ),
  },
];
