import { cure } from "../cure.ts";
import type { KnownMessage } from "./known-message.ts";

/** What ssh says when it does not get to a host. Source: OpenSSH 9.2, the messages of libc. */
export const REACHING: readonly KnownMessage[] = [
  {
    id: "name-unknown",
    pattern:
      /Could not resolve hostname (?<host>\S{1,200}?)(?::|$)|Name or service not known|nodename nor servname/m,
    cause:
      "The builder's name is not known to this machine: a typing error, a stale entry, a `Host` alias that only your own ~/.ssh/config has (the Nix daemon reads root's), a VPN that is down, or 'HOST:PORT' given to a Nix before 2.31, which takes it for a name",
    cure: cure(
      "Look the name up as the daemon's user, and correct it in the machines file",
      "sudo getent hosts HOST",
      "sudo ssh -G HOST | grep -i '^hostname'",
    ),
  },
  {
    id: "connection-refused",
    pattern: /Connection refused/,
    cause:
      "The machine is there and nothing listens on that port: sshd is not running, listens elsewhere, or a virtual machine behind the port is not up. If the message names /nix/var/nix/daemon-socket, it is the Nix daemon that is not running",
    cure: cure(
      "Start sshd there, or name the right port",
      "sudo systemctl enable --now ssh",
      "ssh -p PORT USER@HOST true",
    ),
  },
  {
    id: "connection-timed-out",
    pattern:
      /Connection timed out(?! during)|Operation timed out|connect to host \S{1,200} port \d+: .{0,200}timed? ?out/,
    cause:
      "Nothing answered: the machine is off or asleep, its address has changed, or a firewall drops the packets. Nix waits as long as the system does, some minutes, for every build",
    cure: cure(
      "See whether the machine is up; and let ssh give up sooner, in the ssh_config of the daemon's user",
      "ssh -o ConnectTimeout=5 HOST true",
      "Host HOST",
      "  ConnectTimeout 5",
    ),
  },
  {
    id: "banner-timed-out",
    pattern:
      /timed out during banner exchange|kex_exchange_identification: (?:read: )?Connection (?:closed|reset)|ssh_exchange_identification/,
    cause:
      "Something took the connection and said nothing or hung up: sshd is overloaded (MaxStartups), refuses this address (fail2ban, hosts.deny), a machine that is still booting, or no sshd at all",
    cure: cure(
      "Look at sshd's log on the builder; where many builds start at once, raise MaxStartups in its sshd_config",
      "sudo journalctl -u ssh -n 50",
      "MaxStartups 100:30:200",
    ),
  },
  {
    id: "no-route",
    pattern: /No route to host|EHOSTUNREACH/,
    cause:
      "There is no way to that address from here. On macOS 15 and later this is most often no matter of routing: the program lacks the permission for the local network, which services such as the Nix daemon cannot ask for",
    cure: cure(
      "On a Mac, allow it under System Settings, Privacy & Security, Local Network, and restart the daemon; elsewhere look at the route and the VPN",
      "ip route get ADDRESS",
    ),
  },
  {
    id: "network-unreachable",
    pattern: /Network is unreachable|ENETUNREACH|Host is down/,
    cause:
      "This machine has no network that leads to the builder: it is offline, the VPN is down, or only IPv6 was tried and there is none",
    cure: cure(
      "Bring the network up; where only IPv6 fails, say `AddressFamily inet` for the host in ssh_config",
      "ip route get ADDRESS",
    ),
  },
  {
    id: "connection-lost",
    pattern:
      /client_loop: send disconnect|Timeout, server \S{1,200} not responding|Connection (?:to \S{1,200} )?closed by remote host|(?:writing to file|packet_write_wait|send): Broken pipe|Connection reset by peer/,
    cause:
      "The connection stood and was cut: the builder went down or to sleep, a firewall forgot a connection on which nothing was said during a silent build, or the builder ran out of memory and killed the session",
    cure: cure(
      "Let ssh say something now and then, in the ssh_config of the daemon's user, and look for killed processes on the builder",
      "Host *",
      "  ServerAliveInterval 15",
      "ssh HOST 'sudo dmesg | grep -i -m5 oom'",
    ),
  },
  {
    id: "ssh-missing",
    pattern: /unable to execute 'ssh'|ssh: command not found|Cannot start 'ssh'/,
    cause: "There is no ssh on the PATH of whoever connects; for offloaded builds that is the Nix daemon",
    cure: cure(
      "Install the OpenSSH client, and restart the daemon with its folder on PATH",
      "sudo apt-get install openssh-client",
    ),
  },
  {
    id: "ssh-cannot-connect",
    wraps: true,
    pattern: /failed to start SSH connection to '(?<host>[^']+)'|cannot connect to '(?<other>[^']+)'/,
    cause:
      "Nix started ssh and did not hear from it. Why, ssh said itself, in the lines around this one, or, with ssh-ng, on the daemon's standard error only",
    cure: cure(
      "Do as the daemon does, and read what ssh says",
      "sudo ssh -v USER@HOST nix-daemon --stdio </dev/null",
      "sudo elsewhere doctor",
    ),
  },
];
