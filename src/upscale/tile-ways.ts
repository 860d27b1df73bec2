/** How tiles of a picture belong together, see `UpscaleSettings.tiles`. */
export const TILE_WAYS = ["together", "alone"] as const;

/** A way to place tiles, one of {@link TILE_WAYS}. */
export type TileWay = (typeof TILE_WAYS)[number];
