/** One photo of the queue, from the file that was given to the file that comes out. */
import type { Progress } from "../src/web/index.js";
import { words } from "./words.js";

export type State = "waiting" | "working" | "done" | "failed" | "cancelled";

export interface Item {
  readonly name: string;
  /** Left out for one that was given on an earlier visit. */
  readonly file?: File;
  state: State;
  /** What is being done, or how it ended: a line for people. */
  line: string;
  /** 0..1, while it is being worked on. */
  share: number;
  /** The address of a small picture of it, once there is one. */
  thumbnail?: string;
  /** The address of the picture as it came, which the browser shows. */
  before?: string;
  /** What came out. */
  result?: {
    readonly file: File;
    /** For the browser to show it; left out for a format that it does not. */
    readonly address?: string;
  };
  /** The address of its coverage as a picture, once that was asked for. */
  semantics?: string;
  /** What did not come along. */
  warnings: readonly string[];
  /** Gives it up. */
  abort?: AbortController;
}

/** One that has its file. */
export type FileItem = Item & { readonly file: File };

export function createItem(file: File): FileItem {
  return { name: file.name, file, state: "waiting", line: words.waiting, share: 0, warnings: [] };
}

export const isActive = ({ state }: Item) => state === "waiting" || state === "working";

/** How far a job is, from the stages that the upscaler tells. */
export function shareOf({ stage, done, total }: Progress): number {
  const part = total > 0 ? done / total : 0;
  // The tiles are nearly all of the work.
  const spans: Partial<Record<Progress["stage"], readonly [number, number]>> = {
    latents: [0, 0.2],
    masks: [0, 0.03],
    noise: [0.03, 0.05],
    denoise: [0.2, 0.7],
    tiles: [0.05, 0.95],
    resample: [0.95, 0.97],
  };
  const [from, to] = spans[stage] ?? [0.97, 1];
  return from + (to - from) * part;
}

/** How long an upscaler will take that has come so far; nothing while that cannot be known. */
export function leftOf(share: number, seconds: number): string {
  return share > 0.15 && seconds > 2 ? `, ${words.left((seconds / share) * (1 - share))}` : "";
}

/** What an upscaler is at: a line for people. */
export function lineOf({ stage, done, total }: Progress): string {
  return stage === "tiles" ? words.tiles(done, total) : words.finding;
}

/**
 * Characters that names of files have not everywhere, control and direction marks among them; the two that
 * join are part of letters and of pictures of people.
 */
const NOT_IN_NAMES = /(?![\u200c\u200d])["*/:<>?\\|\p{Cc}\p{Cf}]/gu;

/** The most bytes of a name's stem: names have 255, with what is added. */
const MOST_BYTES = 230;

/** "photo.jpg" -> "photo_x4.png", a name that any system takes. @param what the result is, "x4" */
export function resultName(name: string, what: string, format: string): string {
  const stem = name
    .replace(/\.[^.]*$/, "")
    .replace(NOT_IN_NAMES, "_")
    .replace(/^[.\s]+/, "");
  const letters = [...stem];
  while (new TextEncoder().encode(letters.join("")).length > MOST_BYTES) letters.pop();
  return `${letters.join("") || "picture"}_${what}.${format === "jpeg" ? "jpg" : format}`;
}

/** Frees what the browser keeps for an item. */
export function forget(item: Item): void {
  for (const address of [item.thumbnail, item.before, item.result?.address, item.semantics]) {
    if (address) URL.revokeObjectURL(address);
  }
}
