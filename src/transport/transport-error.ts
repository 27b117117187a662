import { ElsewhereError, type ErrorDetails } from "#base/errors.ts";

/**
 * Why bytes cannot get to a peer and back. The codes are stable: a scheduler decides by them whether
 * another attempt, or another builder, can help.
 */
export const TRANSPORT_CODES = [
  /** The host's name is not known. */
  "TRANSPORT_RESOLVE",
  /** The host is there and nothing listens. */
  "TRANSPORT_REFUSED",
  /** Nothing answered in time. */
  "TRANSPORT_TIMEOUT",
  /** There is no way to the host. */
  "TRANSPORT_UNREACHABLE",
  /** The host's key is unknown or another one. */
  "TRANSPORT_HOST_KEY",
  /** The host let nobody in. */
  "TRANSPORT_AUTH",
  /** The host is reached, but the program to talk to is not on it. */
  "TRANSPORT_COMMAND_NOT_FOUND",
  /** Something else than the protocol came back. */
  "TRANSPORT_GARBLED",
  /** ssh cannot make sense of its configuration or arguments. */
  "TRANSPORT_CONFIG",
  /** The program that should carry the bytes is not on this machine. */
  "TRANSPORT_PROGRAM_MISSING",
  /** The peer was there and is gone. */
  "TRANSPORT_LOST",
] as const;
export type TransportCode = (typeof TRANSPORT_CODES)[number];

/** A peer that cannot be reached, or was lost. Nothing is known about what was asked of it. */
export class TransportError extends ElsewhereError {
  override readonly name = "TransportError";
  declare readonly code: TransportCode;

  constructor(code: TransportCode, message: string, details: ErrorDetails = {}) {
    super(code, message, details);
  }
}
