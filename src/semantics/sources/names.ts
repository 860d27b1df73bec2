/**
 * The sources that have a name: `regions` segments the picture, `network` predicts coverage in one pass,
 * `sam` asks Segment Anything, `none` leaves semantics out. Where a person says where masks come from, any
 * other word is a path to masks in files.
 */
export const SOURCE_NAMES = ["regions", "network", "sam", "none"] as const;

/** The name of a source, one of {@link SOURCE_NAMES}. */
export type SourceName = (typeof SOURCE_NAMES)[number];

/** Tells whether a word is the name of a source; if not, it is a path. */
export function isSourceName(word: string): word is SourceName {
  return (SOURCE_NAMES as readonly string[]).includes(word);
}
