/** With less room than this, in bytes, hardly any build ends well. */
export const BYTES_MIN = 64 * 1024 * 1024;
/** With less than this, in bytes, large builds will not. */
export const BYTES_LOW = 1024 * 1024 * 1024;
/** With fewer inodes than this, no closure of some size arrives. */
export const INODES_MIN = 1000;
/** With less memory than this, in bytes, compilers are killed. */
export const MEMORY_LOW_BYTES = 256 * 1024 * 1024;
/** A clock that is farther off than this, in seconds, is told of. */
export const CLOCK_OFF_S = 30;
