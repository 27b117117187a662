/** How much a finding weighs: an error breaks something, a warning may, a note is as it should be. */
export type Severity = "error" | "warning" | "note";

/** What an audit can say; the keys stand in reports and in files of waivers. */
export const RULES = {
  "foreign-program": "A build runs a program of a platform that its builder is not",
  "foreign-library": "Something is linked with what is for another platform",
  "foreign-member": "An environment holds programs of another platform",
  "foreign-reference": "A file names programs of another platform",
  "foreign-source": "A source is made by a build for another platform",
  "foreign-derivation": "One derivation is for another platform than all around it",
  "cross-leak": "What is cross compiled takes in something of the machine that compiles it",
  "host-builder": "A build's builder is a program that only another operating system has",
  translated: "Programs run only with Rosetta",
  "foreign-executable": "An output holds programs of another platform",
  "foreign-interpreter": "A program's interpreter or loader is of another platform",
  "fixed-output": "A fetch is made by another platform; its result is the same wherever it is made",
  native: "The platform runs these programs as its own",
  cross: "Cross compiled for the platform that takes it",
  bare: "Code for no operating system: firmware, WebAssembly",
  image: "A system, an image or firmware of another platform is carried as data",
  listed: "A set of jobs lists those of other platforms",
  guest: "A Mac refers to programs of Linux: for a virtual machine or another host",
  "foreign-data": "An output holds files of another platform as data",
} as const;

export type Rule = keyof typeof RULES;

export function isRule(text: string): text is Rule {
  return Object.hasOwn(RULES, text);
}
