/**
 * Why an attempt came to nothing through no fault of the build. `transport`: the line broke. `vanished`: the builder went
 * away. `timed-out`: the machine took longer than it may. `wrong-machine`: it is not what it was said to be.
 * `inputs-gone`: what the build needs is no longer where it was. `cancelled`: it was stopped, as was decided.
 */
export const LOSSES = [
  "transport",
  "vanished",
  "no-space",
  "out-of-memory",
  "timed-out",
  "wrong-machine",
  "inputs-gone",
  "cancelled",
] as const;
export type Loss = (typeof LOSSES)[number];
