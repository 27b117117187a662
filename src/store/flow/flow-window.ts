/**
 * How much may be under way to a peer and back, in bytes: enough that the line is never idle, and no more, since
 * what waits for the slower side waits in ssh's buffers, and ssh copies all of a buffer each time it grows.
 * It allows twice what the peer answered, lately, in the shortest time that an answer took.
 */
export class FlowWindow {
  readonly #nowMs: () => number;
  readonly #underWay: Sent[] = [];
  #bytes = 0;
  #answeredBytes = 0;
  #shortestMs = Number.POSITIVE_INFINITY;
  #allowedBytes = ALLOWED_BYTES_MIN;

  constructor(nowMs: () => number = () => performance.now()) {
    this.#nowMs = nowMs;
  }

  /** Whether the next has to wait for an answer. One may always go while another is under way. */
  get isFull(): boolean {
    return this.#underWay.length > 1 && this.#bytes >= this.#allowedBytes;
  }

  sent(bytes: number): void {
    this.#underWay.push({ bytes, atMs: this.#nowMs(), answeredBytes: this.#answeredBytes });
    this.#bytes += bytes;
  }

  /** The earliest that is under way has its answer. */
  answered(): void {
    const { bytes, atMs, answeredBytes } = this.#underWay.shift()!;
    this.#bytes -= bytes;
    this.#answeredBytes += bytes;
    const tookMs = Math.max(this.#nowMs() - atMs, TICK_MS);
    this.#shortestMs = Math.min(this.#shortestMs, tookMs);
    const inShortest = ((this.#answeredBytes - answeredBytes) / tookMs) * this.#shortestMs;
    this.#allowedBytes = Math.min(Math.max(2 * inShortest, ALLOWED_BYTES_MIN), ALLOWED_BYTES_MAX);
  }
}

interface Sent {
  readonly bytes: number;
  readonly atMs: number;
  /** Bytes that had been answered when it was sent. */
  readonly answeredBytes: number;
}

/** What a peer on the same machine is kept busy by. */
const ALLOWED_BYTES_MIN = 256 * 1024;
/** More than ssh lets through in one round trip. */
const ALLOWED_BYTES_MAX = 8 * 1024 * 1024;
/** The least that an answer is taken to need, in milliseconds. */
const TICK_MS = 0.05;
