/** Major number of the serve protocol. */
export const SERVE_MAJOR = 2;

/** The minor versions that we speak, as client and as server. */
export const SERVE_MINOR_MIN = 0;
export const SERVE_MINOR_MAX = 8;
