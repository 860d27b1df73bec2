/**
 * Memory for numbers that every tile has: as many pieces as tiles are under way at once, each used again by
 * the tiles after, so that tiles cost no memory that has to be collected.
 */
import type { TileSize } from "./tile-inputs.js";

export interface Rooms {
  /** Returns so many numbers of the piece that a tile has; whatever was in it is overwritten. */
  take(tile: TileSize, count: number): Float32Array;
  /** Puts a tile's piece back where it has moved to another thread and come back. */
  putBack(tile: TileSize, numbers: Float32Array): void;
}

/**
 * Creates memory for tiles.
 * @param tiles of a plan, in the order in which they are made; what is none of them has the first one's piece
 * @param count how many are under way at once
 * @param most the most numbers of one
 */
export function createRooms(tiles: readonly TileSize[], count: number, most: number): Rooms {
  const pieces: (ArrayBuffer | undefined)[] = new Array(count);
  const pieceOf = (tile: TileSize) => Math.max(0, tiles.indexOf(tile)) % count;
  return {
    take(tile, numbers) {
      const piece = (pieces[pieceOf(tile)] ??= new ArrayBuffer(4 * most));
      return new Float32Array(piece, 0, numbers);
    },
    putBack(tile, { buffer }) {
      pieces[pieceOf(tile)] = buffer as ArrayBuffer;
    },
  };
}
