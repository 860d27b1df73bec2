/**
 * The factor between a low-resolution image and its original. All networks and the whole package enlarge by
 * 4.
 */
export const SCALE = 4;
