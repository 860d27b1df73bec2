/**
 * Counts the constants of the group normalisations in a network with residual blocks on the way down and up:
 * each has one as large as a group.
 * @param channels width that `mult` multiplies, one factor a level
 * @param blocks residual blocks of each level
 * @param side of the first level's maps
 * @returns how many numbers they have together
 */
export function groupNormConstants(
  channels: number,
  mult: readonly number[],
  blocks: readonly number[],
  side: number,
): number {
  const group = (level: number) => ((mult[level] * channels) / 32) * (side / 2 ** level) ** 2;
  return mult.reduce((sum, _, level) => sum + (4 * blocks[level] + 6) * group(level), 0);
}
