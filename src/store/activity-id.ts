/** The number of a new activity in a log of Nix's. Ids must differ between the processes whose logs one client may see. */
export function nextActivityId(): number {
  return process.pid * IDS_PER_PROCESS + ++made;
}

let made = 0;
const IDS_PER_PROCESS = 2 ** 24;
